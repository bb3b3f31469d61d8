package dev.sluice.access;

import java.util.Locale;

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
}
