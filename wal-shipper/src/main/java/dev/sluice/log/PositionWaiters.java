package dev.sluice.log;

import dev.sluice.ltx.Position;
import java.io.IOException;
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

  /** Who is told what, once the lock is free. */
  private record Due(CompletableFuture<WaitOutcome> waiter, WaitOutcome outcome) {}

  /** By TXID. */
  private final TreeSet<Waiter> waiters =
      new TreeSet<>(
          Comparator.comparingLong((Waiter w) -> w.wanted.txid() ^ Long.MIN_VALUE)
              .thenComparingLong(w -> w.number));

  private final Supplier<Position> applied;
  private final LongFunction<OptionalLong> checksumAfter;

  private long nextNumber;

  /** Read without the lock on the way of a commit. */
  private volatile boolean any;

  /**
   * Both are asked while nobody is in {@link #change}.
   *
   * @param applied where the database stands
   * @param checksumAfter the history: the checksum after a TXID, when it is still known
   */
  PositionWaiters(Supplier<Position> applied, LongFunction<OptionalLong> checksumAfter) {
    this.applied = applied;
    this.checksumAfter = checksumAfter;
  }

  /** Completes when {@code wanted} is on the history and applied. */
  CompletableFuture<WaitOutcome> await(Position wanted, long timeoutMillis) {
    CompletableFuture<WaitOutcome> outcome = new CompletableFuture<>();
    Waiter waiter;
    synchronized (waiters) {
      waiter = new Waiter(wanted, nextNumber++, outcome);
      waiters.add(waiter);
      any = true;
    }
    advanced();
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

  /** The database may stand elsewhere now. */
  void advanced() {
    if (!any) {
      return;
    }
    List<Due> due = new ArrayList<>();
    synchronized (waiters) {
      Position now = applied.get();
      while (!waiters.isEmpty()
          && Long.compareUnsigned(waiters.first().wanted.txid(), now.txid()) <= 0) {
        Waiter next = waiters.pollFirst();
        due.add(new Due(next.outcome, outcome(next.wanted, now)));
      }
      any = !waiters.isEmpty();
    }
    due.forEach(told -> told.waiter.complete(told.outcome));
  }

  /**
   * Another history, or another place in it: whoever asks meanwhile is told by what comes of it.
   */
  interface Change {
    void run() throws IOException;
  }

  /** Makes a change in which history and place do not fit together. */
  void change(Change change) throws IOException {
    synchronized (waiters) {
      change.run();
    }
  }

  private WaitOutcome outcome(Position wanted, Position now) {
    if (wanted.txid() == now.txid()) {
      return wanted.checksum() == now.checksum() ? WaitOutcome.REACHED : WaitOutcome.DIVERGED;
    }
    // A TXID older than the log: what followed it was checked when it was appended.
    OptionalLong known = checksumAfter.apply(wanted.txid());
    return known.isEmpty() || known.getAsLong() == wanted.checksum()
        ? WaitOutcome.REACHED
        : WaitOutcome.DIVERGED;
  }
}
