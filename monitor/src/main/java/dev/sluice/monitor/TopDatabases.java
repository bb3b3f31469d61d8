package dev.sluice.monitor;

import dev.sluice.node.DatabaseStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Those databases that have metrics of their own: with thousands of them, all would be more than
 * Prometheus should keep. Those with a problem come first, then those with the most commits lately,
 * so that one seldom comes and goes. Safe for use by many threads.
 */
final class TopDatabases {
  /** After so long a commit counts for half. */
  private static final double HALF_LIFE_NANOS = 600e9;

  private final int most;
  private long agedNanos = System.nanoTime();

  /**
   * @param most how many there are at most
   */
  TopDatabases(int most) {
    this.most = most;
  }

  /** The first of {@code all}. */
  synchronized List<DatabaseStatus> of(
      List<DatabaseStatus> all, Function<String, DatabaseCounts> counts) {
    if (all.size() <= most) {
      return all;
    }
    long now = System.nanoTime();
    double kept = Math.pow(0.5, (now - agedNanos) / HALF_LIFE_NANOS);
    agedNanos = now;
    Map<String, Double> activity = new HashMap<>();
    all.forEach(of -> activity.put(of.name(), counts.apply(of.name()).age(kept)));
    return all.stream()
        .sorted(
            Comparator.comparing((DatabaseStatus of) -> of.health().isEmpty())
                .thenComparing(of -> -activity.getOrDefault(of.name(), 0.0))
                .thenComparing(DatabaseStatus::name))
        .limit(most)
        .sorted(Comparator.comparing(DatabaseStatus::name))
        .toList();
  }
}
