package dev.sluice.capture;

/**
 * Has each transaction of a rollback mode come with a change counter that none before it had.
 *
 * <p>A connection goes on with its cache for as long as the counter in page 1 is what it was when
 * it last looked (<a href="https://sqlite.org/fileformat2.html">fileformat2</a>, 1.3.7). On one
 * machine that tells all states apart that anybody can read. On followers it would not:
 *
 * <ul>
 *   <li>A transaction that was cut and is rolled back after all (it was refused, or its application
 *       was killed just before it was complete) may have been read there, and the next has its
 *       counter.
 *   <li>So may those that only a former primary had.
 *   <li>In {@code locking_mode=EXCLUSIVE} only the first transaction of a connection counts, as
 *       nobody on the same machine can read before it ends.
 * </ul>
 *
 * <p>Not safe for use by several threads at once.
 */
final class ChangeCounter {
  /** No history that was lost has so many transactions. The counter may wrap around. */
  static final int GAP = 1 << 24;

  private boolean isKnown;
  private int newest;
  private boolean othersMayBeAhead;

  /** The database is another one from now on. */
  void forget() {
    isKnown = false;
    othersMayBeAhead = false;
  }

  /** Others may have read transactions that are not, or not any more, part of this database. */
  void othersMayBeAhead() {
    othersMayBeAhead = true;
    isKnown = false;
  }

  /** What the counter of a transaction has to be whose page 1 was written with this one. */
  int after(int written) {
    if (othersMayBeAhead) {
      return written + GAP;
    }
    return isKnown && written - newest <= 0 ? newest + 1 : written;
  }

  /** A transaction with this counter is being cut. */
  void cut(int counter) {
    newest = counter;
    isKnown = true;
    othersMayBeAhead = false;
  }
}
