package dev.sluice.cli.system.history;

/**
 * A transaction that appended its token to the list of a database. Times are of one machine's
 * CLOCK_MONOTONIC.
 *
 * @param node on which; each has one client, which does one thing after another
 * @param sequence counts what that client tried, from 1
 * @param register whether it wrote its token to the register, too
 * @param startNanos before its first statement
 * @param commitNanos before its COMMIT; 0 when it did not come to that
 * @param endNanos when the client knew the outcome
 * @param before epoch of the node just before, 0 when it was not seen as the primary
 * @param after the same, just after
 */
public record Write(
    int node,
    int sequence,
    String database,
    boolean register,
    long startNanos,
    long commitNanos,
    long endNanos,
    Outcome outcome,
    long before,
    long after) {
  /** What it appended: no other write has the same. */
  public String token() {
    return token(node, sequence);
  }

  /** As the clients make them. */
  static String token(int node, int sequence) {
    return "%d-%06d;".formatted(node, sequence);
  }

  boolean isOk() {
    return outcome == Outcome.OK;
  }

  /** It belongs to this epoch or a later one; 0 when that is not known. */
  long earliestEpoch() {
    return before;
  }

  /** It belongs to this epoch or an earlier one. */
  long latestEpoch() {
    return before == 0 && after == 0 ? Long.MAX_VALUE : Math.max(before, after);
  }

  /** Both looks at the node saw it lead in one term: it led between them, too. */
  boolean isWithinOneEpoch() {
    return before != 0 && before == after;
  }

  @Override
  public String toString() {
    return "%s of %s, %s, epoch %d to %d, from %d to %d ns"
        .formatted(token(), database, outcome, before, after, startNanos, endNanos);
  }
}
