package dev.sluice.lease;

import java.util.concurrent.TimeUnit;

/** Clocks that a test moves. */
final class FakeClocks implements Lease.Clocks {
  private long nanos;
  private long dayNanos;

  FakeClocks(long nanos, long dayMillis) {
    this.nanos = nanos;
    this.dayNanos = TimeUnit.MILLISECONDS.toNanos(dayMillis);
  }

  /** Time goes by. */
  void pass(long millis) {
    passNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  void passNanos(long time) {
    nanos += time;
    dayNanos += time;
  }

  /** Moves the time of day alone: it is set, or the machine sleeps. */
  void setDay(long byMillis) {
    sleepNanos(TimeUnit.MILLISECONDS.toNanos(byMillis));
  }

  void sleepNanos(long time) {
    dayNanos += time;
  }

  @Override
  public long nanoTime() {
    return nanos;
  }

  @Override
  public long dayMillis() {
    return TimeUnit.NANOSECONDS.toMillis(dayNanos);
  }
}
