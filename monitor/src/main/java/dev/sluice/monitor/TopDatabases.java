package dev.sluice.monitor;

import dev.sluice.node.DatabaseStatus;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Function;

/**
 * Those databases that have metrics of their own: with thousands of them, all would be more than
 * Prometheus should keep. Those with a problem come first, then those with the most commits lately,
 * so that one seldom comes and goes. Safe for use by many threads.
 */
final class TopDatabases {
  /** After so long a commit counts for half. */
  private static final double HALF_LIFE_NANOS = 600e9;

  private record Ranked(DatabaseStatus of, double activity) {}

  private static final Comparator<Ranked> ORDER =
      Comparator.comparing((Ranked one) -> one.of.health().isEmpty())
          .thenComparing(Ranked::activity, Comparator.reverseOrder())
          .thenComparing(one -> one.of.name());

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
    // The last of those so far is at its head.
    PriorityQueue<Ranked> first = new PriorityQueue<>(ORDER.reversed());
    for (DatabaseStatus of : all) {
      Ranked ranked = new Ranked(of, counts.apply(of.name()).age(kept));
      if (first.size() < most) {
        first.add(ranked);
      } else if (most > 0 && ORDER.compare(ranked, first.element()) < 0) {
        first.remove();
        first.add(ranked);
      }
    }
    return first.stream()
        .map(Ranked::of)
        .sorted(Comparator.comparing(DatabaseStatus::name))
        .toList();
  }
}
