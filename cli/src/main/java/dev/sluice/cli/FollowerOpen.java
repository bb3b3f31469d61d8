package dev.sluice.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How applications open the databases of a node that follows another. */
enum FollowerOpen {
  /** As anywhere; who writes waits in the busy time-out, and gets SQLITE_BUSY. */
  READ_WRITE,

  /** As a file that may not be written; who writes gets SQLITE_READONLY at once. */
  READ_ONLY;

  /** {@code read-write} or {@code read-only}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * What {@link #toString} calls so.
   *
   * @throws IllegalArgumentException naming the text and what there is
   */
  static FollowerOpen parse(String text) {
    return Arrays.stream(values())
        .filter(value -> value.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'"
                        + text
                        + "' is no way to open the databases of a follower; there are "
                        + Arrays.stream(values())
                            .map(FollowerOpen::toString)
                            .collect(Collectors.joining(" and "))));
  }
}
