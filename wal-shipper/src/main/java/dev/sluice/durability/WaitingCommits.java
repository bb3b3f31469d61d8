package dev.sluice.durability;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.function.Predicate;

/**
 * Commits that wait, each woken by itself. All methods are called by who holds the lock.
 *
 * @param <W> what is known of a commit; no two are equal unless they are the same
 */
final class WaitingCommits<W> {
  /** Whether a commit need not wait any more. */
  interface Done {
    boolean isDone() throws IOException;
  }

  private final Lock lock;
  private final Map<W, Condition> waiters = new LinkedHashMap<>();

  WaitingCommits(Lock lock) {
    this.lock = lock;
  }

  /**
   * Waits; a thread that is interrupted meanwhile is so afterwards, as a commit is not ended by
   * that.
   *
   * @return false when the time is over
   */
  boolean await(W waiter, long deadlineNanos, Done done) throws IOException {
    boolean interrupted = false;
    Condition wake = lock.newCondition();
    waiters.put(waiter, wake);
    try {
      while (!done.isDone()) {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        try {
          left = wake.awaitNanos(left);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      return true;
    } finally {
      waiters.remove(waiter);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** In the order in which they came. */
  List<W> all() {
    return List.copyOf(waiters.keySet());
  }

  void wake(Predicate<W> which) {
    waiters.forEach(
        (waiter, wake) -> {
          if (which.test(waiter)) {
            wake.signal();
          }
        });
  }
}
