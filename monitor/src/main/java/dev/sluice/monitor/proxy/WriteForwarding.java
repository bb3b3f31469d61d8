package dev.sluice.monitor.proxy;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What becomes of a write that comes to a node which is not the primary. */
public enum WriteForwarding {
  /** It is sent to the proxy of the primary, and the answer comes back the same way. */
  PROXY,

  /** Fly.io's proxy is asked to send it to the primary. */
  FLY_REPLAY,

  /** The client is told who the primary is. */
  NONE;

  /** {@code proxy}, {@code fly-replay} or {@code none}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The one that {@link #toString} calls so.
   *
   * @throws IllegalArgumentException naming the text and what there is
   */
  public static WriteForwarding parse(String text) {
    return Arrays.stream(values())
        .filter(value -> value.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'"
                        + text
                        + "' is no way to forward writes; there are "
                        + Arrays.stream(values())
                            .map(WriteForwarding::toString)
                            .collect(Collectors.joining(", "))));
  }
}
