package dev.sluice.cli;

import static dev.sluice.cli.SluiceConfig.either;

import dev.sluice.durability.DurabilityPolicy;
import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a commit in a cluster waits for; null where nothing is said.
 *
 * @param mode beyond this node
 * @param followers that must have it, at least
 * @param timeout how long it may wait
 * @param onTimeout what becomes of it then
 */
record DurabilitySettings(
    @Nullable Mode mode,
    @Nullable Integer followers,
    @Nullable Duration timeout,
    @Nullable OnTimeout onTimeout) {
  static final DurabilitySettings EMPTY = new DurabilitySettings(null, null, null, null);

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(100);

  /** What has a transaction when its commit returns. */
  enum Mode {
    /** This node. */
    ASYNC,
    /** Followers, too. */
    FOLLOWER,
    /** The stores, too. */
    STORE;

    static Mode parse(String text) {
      return oneOf(Mode.class, text, "durability");
    }
  }

  DurabilitySettings {
    if (followers != null && followers < 1) {
      throw new IllegalArgumentException("'durability-followers' must be greater than 0");
    }
    if (timeout != null && timeout.compareTo(SHORTEST_TIMEOUT) < 0) {
      throw new IllegalArgumentException("'durability-timeout' must be at least 100ms");
    }
  }

  static OnTimeout parseOnTimeout(String text) {
    return oneOf(OnTimeout.class, text, "durability-on-timeout");
  }

  private static <T extends Enum<T>> T oneOf(Class<T> type, String text, String key) {
    for (T value : type.getEnumConstants()) {
      if (name(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "'%s' is no '%s': that is one of %s"
            .formatted(
                text,
                key,
                Arrays.stream(type.getEnumConstants())
                    .map(DurabilitySettings::name)
                    .collect(Collectors.joining(", "))));
  }

  /** As people write it. */
  static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  DurabilitySettings overriddenBy(DurabilitySettings stronger) {
    return new DurabilitySettings(
        either(stronger.mode, mode),
        either(stronger.followers, followers),
        either(stronger.timeout, timeout),
        either(stronger.onTimeout, onTimeout));
  }

  Mode modeOrDefault() {
    return mode == null ? Mode.ASYNC : mode;
  }

  DurabilityPolicy policy() {
    return new DurabilityPolicy(
        followers == null ? 1 : followers,
        timeout == null ? DEFAULT_TIMEOUT : timeout,
        onTimeout == null ? OnTimeout.REFUSE : onTimeout);
  }
}
