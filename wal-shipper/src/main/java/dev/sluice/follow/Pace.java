package dev.sluice.follow;

import java.time.Duration;

/**
 * How often a store is asked: each interval while something comes; then less and less, after a
 * quarter of the time in which nothing came, but at least every ten seconds.
 *
 * @param interval between two requests while something comes
 */
public record Pace(Duration interval) {
  public static final Duration DEFAULT = Duration.ofSeconds(1);

  /** While nothing comes, or the store is away; the interval, should that be longer. */
  public static final Duration LONGEST = Duration.ofSeconds(10);

  public Pace {
    if (interval.isNegative() || interval.isZero()) {
      throw new IllegalArgumentException("interval " + interval);
    }
  }

  Timer timer() {
    return new Timer();
  }

  /** One who asks; used by one thread. */
  final class Timer {
    private long idleMillis;

    /** Milliseconds until the next request, after one that brought something, or did not. */
    long next(boolean came) {
      long shortest = Math.max(1, interval.toMillis());
      long longest = Math.max(shortest, LONGEST.toMillis());
      if (came) {
        idleMillis = 0;
      }
      long pause = Math.max(shortest, Math.min(longest, idleMillis / 4));
      idleMillis += pause;
      return pause;
    }
  }
}
