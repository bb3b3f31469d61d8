package dev.sluice.ship;

import dev.sluice.restore.StoreLayout;
import java.time.Duration;
import java.util.List;

/**
 * How what is shipped is gathered, merged and kept. The defaults are those of Litestream 0.5.
 *
 * @param syncInterval how long commits are gathered for one file of level 0
 * @param levels how often files of the level before are merged into one of level 1, 2, …; the
 *     instants are multiples of it since the epoch, so that borders of levels fall together
 * @param snapshotInterval how long after the last snapshot the next one is made, if anything was
 *     committed
 * @param retention how far back a restore must reach: what leads to no moment since then is deleted
 * @param level0Retention how long files of level 0 stay that are merged into level 1
 */
public record ShippingPolicy(
    Duration syncInterval,
    List<Duration> levels,
    Duration snapshotInterval,
    Duration retention,
    Duration level0Retention) {
  /** As Litestream does when it is told nothing. */
  public static final ShippingPolicy DEFAULT =
      new ShippingPolicy(
          Duration.ofSeconds(1),
          List.of(Duration.ofSeconds(30), Duration.ofMinutes(5), Duration.ofHours(1)),
          Duration.ofHours(24),
          Duration.ofHours(24),
          Duration.ofMinutes(5));

  /**
   * @throws IllegalArgumentException naming the key of the configuration that makes no sense
   */
  public ShippingPolicy {
    levels = List.copyOf(levels);
    positive(syncInterval, "sync-interval");
    positive(snapshotInterval, "snapshot-interval");
    if (retention.isNegative() || level0Retention.isNegative()) {
      throw new IllegalArgumentException("'retention' and 'l0-retention' can't be negative");
    }
    if (levels.size() >= StoreLayout.SNAPSHOT_LEVEL) {
      throw new IllegalArgumentException(
          "'levels' has " + levels.size() + " levels, there are 8 at most");
    }
    Duration before = Duration.ZERO;
    for (Duration level : levels) {
      if (level.compareTo(before) <= 0) {
        throw new IllegalArgumentException(
            "'levels' must ascend, such as [30s, 5m, 1h], each greater than 0");
      }
      before = level;
    }
  }

  private static void positive(Duration duration, String key) {
    if (duration.isZero() || duration.isNegative()) {
      throw new IllegalArgumentException("'" + key + "' must be greater than 0");
    }
  }

  /** The instant at which a level is next due after {@code nowMillis}. */
  long nextMillis(int level, long nowMillis) {
    long interval = levels.get(level - 1).toMillis();
    return Math.floorDiv(nowMillis, interval) * interval + interval;
  }
}
