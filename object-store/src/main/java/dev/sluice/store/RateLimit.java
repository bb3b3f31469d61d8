package dev.sluice.store;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bytes a second, as a bucket of tokens that holds those of a quarter second. Who takes more than
 * there are waits until they are made up for; so the rate holds over any longer time, whoever takes
 * how much. Safe for use by many threads.
 */
public final class RateLimit {
  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Takes what it is asked for. */
  public static final RateLimit NONE = new RateLimit(Long.MAX_VALUE, () -> 0, time -> {});

  /** As a rate: any number of bytes. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  private volatile long bytesPerSecond;
  private final LongSupplier nanoTime;
  private final RetryingStore.Sleeper sleeper;

  private final Object lock = new Object();

  /** When all that was taken will be made up for. Guarded by lock. */
  private long paidNanos;

  /**
   * @throws IllegalArgumentException if the rate is not positive
   */
  public RateLimit(long bytesPerSecond) {
    this(bytesPerSecond, System::nanoTime, time -> TimeUnit.NANOSECONDS.sleep(time.toNanos()));
  }

  RateLimit(long bytesPerSecond, LongSupplier nanoTime, RetryingStore.Sleeper sleeper) {
    if (bytesPerSecond <= 0) {
      throw new IllegalArgumentException("a rate of " + bytesPerSecond + " bytes/s");
    }
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.sleeper = sleeper;
    this.paidNanos = nanoTime.getAsLong() - NANOS / 4;
  }

  /**
   * From now on, another rate; what waits at the moment does so to its end.
   *
   * @throws IllegalArgumentException if the rate is not positive
   * @throws IllegalStateException of {@link #NONE}, which all share
   */
  public void set(long newBytesPerSecond) {
    if (newBytesPerSecond <= 0) {
      throw new IllegalArgumentException("a rate of " + newBytesPerSecond + " bytes/s");
    }
    if (this == NONE) {
      throw new IllegalStateException("NONE stays without a limit");
    }
    bytesPerSecond = newBytesPerSecond;
  }

  boolean isUnlimited() {
    return bytesPerSecond == UNLIMITED;
  }

  /** How much to take at once for an even flow. */
  int mostAtOnce() {
    return (int) Math.max(1, Math.min(1 << 20, bytesPerSecond / 4));
  }

  /** Takes some bytes, and waits until they are allowed. */
  void take(int bytes) throws InterruptedIOException {
    long rate = bytesPerSecond;
    if (rate == UNLIMITED) {
      return;
    }
    long waitNanos;
    synchronized (lock) {
      long now = nanoTime.getAsLong();
      paidNanos = Math.max(paidNanos, now - NANOS / 4);
      paidNanos += (long) ((double) bytes * NANOS / rate);
      waitNanos = paidNanos - now;
    }
    if (waitNanos > 0) {
      try {
        sleeper.sleep(Duration.ofNanos(waitNanos));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for bandwidth");
      }
    }
  }
}
