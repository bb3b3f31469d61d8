package dev.sluice.log;

import dev.sluice.ltx.Position;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * Who waits for a position of one database. Nothing polls: a commit looks at the waiter with the
 * smallest TXID only. Safe for use by many threads.
 */
final class PositionWaiters {
  /** {@code number} tells waiters for one TXID apart. */
  private record Waiter(Position wanted, long number, CompletableFuture<WaitOutcome> outcome) {}

  /** By TXID. */
  private final TreeSet<Waiter> waiters =
      new TreeSet<>(
          Comparator.comparingLong((Waiter w) -> w.wanted.txid() ^ Long.MIN_VALUE)
              .thenComparingLong(w -> w.number));

  private long nextNumber;

  /** Read without the lock on the way of a commit. */
  private volatile boolean any;

  /**
   * Completes when {@code wanted} is on the history and applied.
   *
   * @param applied where the database stands, asked again once the waiter is in place
   * @param checksumAfter the history: the checksum after a TXID, when it is still known
   */
  CompletableFuture<WaitOutcome> await(
      Position wanted,
      long timeoutMillis,
      Supplier<Position> applied,
      LongFunction<OptionalLong> checksumAfter) {
    CompletableFuture<WaitOutcome> outcome = new CompletableFuture<>();
    Waiter waiter;
    synchronized (waiters) {
      waiter = new Waiter(wanted, nextNumber++, outcome);
      waiters.add(waiter);
      any = true;
    }
    advanced(applied.get(), checksumAfter);
    return outcome
        .completeOnTimeout(WaitOutcome.TIMED_OUT, timeoutMillis, TimeUnit.MILLISECONDS)
        .whenComplete((o, failure) -> remove(waiter));
  }

  private void remove(Waiter waiter) {
    synchronized (waiters) {
      waiters.remove(waiter);
      any = !waiters.isEmpty();
    }
  }

  /** The database stands at {@code applied} now. */
  void advanced(Position applied, LongFunction<OptionalLong> checksumAfter) {
    if (!any) {
      return;
    }
    List<Waiter> due = new ArrayList<>();
    synchronized (waiters) {
      while (!waiters.isEmpty()
          && Long.compareUnsigned(waiters.first().wanted.txid(), applied.txid()) <= 0) {
        due.add(waiters.first());
        waiters.remove(waiters.first());
      }
      any = !waiters.isEmpty();
    }
    for (Waiter w : due) {
      w.outcome.complete(outcome(w.wanted, applied, checksumAfter));
    }
  }

  private static WaitOutcome outcome(
      Position wanted, Position applied, LongFunction<OptionalLong> checksumAfter) {
    if (wanted.txid() == applied.txid()) {
      return wanted.checksum() == applied.checksum() ? WaitOutcome.REACHED : WaitOutcome.DIVERGED;
    }
    // A TXID older than the log: what followed it was checked when it was appended.
    OptionalLong known = checksumAfter.apply(wanted.txid());
    return known.isEmpty() || known.getAsLong() == wanted.checksum()
        ? WaitOutcome.REACHED
        : WaitOutcome.DIVERGED;
  }
}
