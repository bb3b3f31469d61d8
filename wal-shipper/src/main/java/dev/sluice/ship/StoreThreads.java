package dev.sluice.ship;

import java.io.Closeable;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that work for one store, and what they remember of its failures. New transactions and
 * maintenance have threads of their own, so that a long snapshot delays no transaction. Safe for
 * use by many threads.
 */
final class StoreThreads implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(StoreThreads.class);

  private static final int SHIPPING = 2;

  /** Where commits wait for it: so many databases at one moment, each with a request of its own. */
  private static final int SHIPPING_AWAITED = 16;

  private static final long MIN_RETRY_MILLIS = 100;
  private static final long MAX_RETRY_MILLIS = 30_000;
  private static final long MAX_RETRY_AWAITED_MILLIS = 1_000;
  private static final long STOP_MILLIS = 2_000;

  /** A store that stays away is spoken of this often. */
  private static final long WARN_NANOS = TimeUnit.MINUTES.toNanos(10);

  private record Work(ShippedDatabase to, String failure) {}

  private record Trouble(int failures, long warnedNanos) {}

  private final ScheduledThreadPoolExecutor shipping;
  private final ScheduledThreadPoolExecutor maintaining = pool("store-maintenance", 1);
  private final Map<Work, Trouble> troubles = new ConcurrentHashMap<>();
  private final String group;
  private final long maxRetryMillis;

  /**
   * @param awaited whether commits wait for what is shipped
   */
  StoreThreads(String group, boolean awaited) {
    this.group = group;
    this.shipping = pool("shipper", awaited ? SHIPPING_AWAITED : SHIPPING);
    this.maxRetryMillis = awaited ? MAX_RETRY_AWAITED_MILLIS : MAX_RETRY_MILLIS;
  }

  private static ScheduledThreadPoolExecutor pool(String name, int threads) {
    ScheduledThreadPoolExecutor pool =
        new ScheduledThreadPoolExecutor(
            threads,
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
    pool.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    pool.setRemoveOnCancelPolicy(true);
    return pool;
  }

  void ship(Runnable task, long delayMillis) {
    schedule(shipping, task, delayMillis);
  }

  void maintain(Runnable task, long delayMillis) {
    schedule(maintaining, task, delayMillis);
  }

  private static void schedule(ScheduledThreadPoolExecutor pool, Runnable task, long delayMillis) {
    try {
      var unused = pool.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("stopped meanwhile", e);
    }
  }

  /**
   * @param failure what {@link #failed} was told
   */
  void succeeded(ShippedDatabase to, String failure) {
    Trouble trouble = troubles.remove(new Work(to, failure));
    if (trouble != null) {
      log.info("{}: no longer {} at {}", to.name(), failure, to.destination().url());
    }
  }

  /**
   * Takes note of a failure, and says so in the log the first time and then rarely.
   *
   * @return how long to wait: the longer the more often it has failed, and never as long as others
   */
  long failed(ShippedDatabase to, String failure, Duration interval, Exception e) {
    Work work = new Work(to, failure);
    Trouble before = troubles.getOrDefault(work, new Trouble(0, System.nanoTime() - WARN_NANOS));
    int failures = before.failures() + 1;
    long longest = Math.min(maxRetryMillis, interval.toMillis() << Math.min(failures, 10));
    long wait =
        Math.max(MIN_RETRY_MILLIS, longest - ThreadLocalRandom.current().nextLong(longest / 2 + 1));
    long now = System.nanoTime();
    boolean warn = now - before.warnedNanos() >= WARN_NANOS;
    if (warn) {
      log.warn(
          "{}: {}, {} failures in a row, next try in {} ms: {}",
          to.name(),
          failure,
          failures,
          wait,
          e.getMessage());
    }
    log.debug("{} {}", group, to.name(), e);
    troubles.put(work, new Trouble(failures, warn ? now : before.warnedNanos()));
    return wait;
  }

  void warnRarely(ShippedDatabase to, String text) {
    Work work = new Work(to, text);
    Trouble before = troubles.getOrDefault(work, new Trouble(0, System.nanoTime() - WARN_NANOS));
    long now = System.nanoTime();
    if (now - before.warnedNanos() >= WARN_NANOS) {
      log.error("{}: {}: {}", to.name(), to.destination().url(), text);
      troubles.put(work, new Trouble(before.failures(), now));
    }
  }

  /** Lets what is under way end, but not for long. */
  @Override
  public void close() {
    shipping.shutdown();
    maintaining.shutdown();
    try {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
      for (ScheduledThreadPoolExecutor pool :
          new ScheduledThreadPoolExecutor[] {shipping, maintaining}) {
        if (!pool.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          pool.shutdownNow();
        }
      }
    } catch (InterruptedException e) {
      shipping.shutdownNow();
      maintaining.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
