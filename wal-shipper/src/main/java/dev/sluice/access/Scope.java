package dev.sluice.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a token allows. Each includes those before it. */
public enum Scope {
  /** What may be asked without a token; no token has it. */
  NONE,
  /** Status, positions, waits and metrics: names of databases, no content. */
  READ,
  /** The stream: all content, of all databases. */
  FOLLOW,
  /** What changes something: snapshots, and shipping at once. */
  ADMIN;

  /** As it is written in the configuration. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether who has this may do what {@code needed} is needed for. */
  public boolean includes(Scope needed) {
    return compareTo(needed) >= 0;
  }

  /**
   * The scope of a token.
   *
   * @throws IllegalArgumentException naming those that there are
   */
  public static Scope parse(String text) {
    for (Scope scope : values()) {
      if (scope != NONE && scope.label().equals(text)) {
        return scope;
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not a scope; there are "
            + Arrays.stream(values())
                .filter(scope -> scope != NONE)
                .map(Scope::label)
                .collect(Collectors.joining(", ")));
  }
}
