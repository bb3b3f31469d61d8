package dev.sluice.store;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often to try and how long to wait between: before the n-th repetition a random time between
 * half of and all of {@code first × 2^(n-1)}, at most {@code longest}.
 *
 * @param attempts tries in all, at least 1
 */
public record Backoff(int attempts, Duration first, Duration longest) {
  /** Seven tries within some 13 to 26 seconds. */
  public static final Backoff DEFAULT =
      new Backoff(7, Duration.ofMillis(400), Duration.ofSeconds(13));

  public Backoff {
    if (attempts < 1 || first.isNegative() || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException(
          "backoff of " + attempts + " attempts, from " + first + " to " + longest);
    }
  }

  /** The wait before a repetition, counted from 1. */
  public Duration before(int repetition, RandomGenerator random) {
    long capMillis = longest.toMillis();
    long millis = first.toMillis() << Math.min(repetition - 1, 20);
    millis = Math.min(millis, capMillis);
    return Duration.ofMillis(millis - random.nextLong(millis / 2 + 1));
  }
}
