package dev.sluice.cli.system.history;

/** Something that a history must not contain. */
public record Violation(Kind kind, String what) {
  /** What was promised. */
  public enum Kind {
    /** Two nodes acknowledged at once, or in one epoch. */
    TWO_PRIMARIES,
    /** An acknowledged write is missing, and nothing excuses that. */
    LOST,
    /** A write is there more than once. */
    TWICE,
    /** A write is there that failed, or that nobody tried. */
    INVENTED,
    /** What one client wrote is there in another order. */
    ORDER,
    /** A read saw part of a transaction. */
    TORN,
    /** A read did not see what it had to. */
    STALE,
    /** A read saw a transaction and not all before it. */
    GAP
  }

  @Override
  public String toString() {
    return kind + ": " + what;
  }
}
