package dev.sluice.cli;

import dev.sluice.node.Prices;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.RateLimit;
import dev.sluice.store.StoreUrl;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node keeps its backups: what is said of it; null where nothing is.
 *
 * @param syncInterval how often transactions are shipped to the stores
 * @param levels how often shipped files are merged into level 1, 2, …
 * @param snapshotInterval how often a snapshot of a changed database is put into the stores
 * @param retention how far back restores must reach
 * @param l0Retention how long files of level 0 stay that are merged
 * @param verifyInterval how often each backup is verified; zero for never
 * @param bandwidth bytes a second that go to all stores together; zero for any number
 * @param logKeep how much of the log of a database stays for followers that come back
 * @param logLimit how large the log of a database may become while a store is away
 * @param prices of the stores, in place of S3's
 */
record ShippingSettings(
    @Nullable Duration syncInterval,
    @Nullable List<Duration> levels,
    @Nullable Duration snapshotInterval,
    @Nullable Duration retention,
    @Nullable Duration l0Retention,
    @Nullable Duration verifyInterval,
    @Nullable ByteSize bandwidth,
    @Nullable ByteSize logKeep,
    @Nullable ByteSize logLimit,
    @Nullable Prices prices) {
  /** What a follower misses in a restart or a short cut of the network. */
  static final ByteSize DEFAULT_LOG_KEEP = ByteSize.parse("64MiB");

  /** More than a busy database cuts in hours, less than most disks have. */
  static final ByteSize DEFAULT_LOG_LIMIT = ByteSize.parse("4GiB");

  /** Nothing is said. */
  static final ShippingSettings EMPTY =
      new ShippingSettings(null, null, null, null, null, null, null, null, null, null);

  ShippingSettings {
    // Says what is wrong with it.
    policy(syncInterval, levels, snapshotInterval, retention, l0Retention);
  }

  /** These settings, with those of {@code stronger} in place of them where it has any. */
  ShippingSettings overriddenBy(ShippingSettings stronger) {
    return new ShippingSettings(
        SluiceConfig.either(stronger.syncInterval, syncInterval),
        SluiceConfig.either(stronger.levels, levels),
        SluiceConfig.either(stronger.snapshotInterval, snapshotInterval),
        SluiceConfig.either(stronger.retention, retention),
        SluiceConfig.either(stronger.l0Retention, l0Retention),
        SluiceConfig.either(stronger.verifyInterval, verifyInterval),
        SluiceConfig.either(stronger.bandwidth, bandwidth),
        SluiceConfig.either(stronger.logKeep, logKeep),
        SluiceConfig.either(stronger.logLimit, logLimit),
        SluiceConfig.either(stronger.prices, prices));
  }

  /** How shipping is done: what is said here, and the defaults. */
  ShippingPolicy policy() {
    return policy(syncInterval, levels, snapshotInterval, retention, l0Retention);
  }

  private static ShippingPolicy policy(
      @Nullable Duration syncInterval,
      @Nullable List<Duration> levels,
      @Nullable Duration snapshotInterval,
      @Nullable Duration retention,
      @Nullable Duration l0Retention) {
    ShippingPolicy defaults = ShippingPolicy.DEFAULT;
    return new ShippingPolicy(
        syncInterval == null ? defaults.syncInterval() : syncInterval,
        levels == null ? defaults.levels() : levels,
        snapshotInterval == null ? defaults.snapshotInterval() : snapshotInterval,
        retention == null ? defaults.retention() : retention,
        l0Retention == null ? defaults.level0Retention() : l0Retention);
  }

  /** How often each backup is verified; zero for never. */
  Duration verifyIntervalOrDefault() {
    return verifyInterval == null ? Duration.ZERO : verifyInterval;
  }

  /** Bytes a second that go to all stores together; zero for any number. */
  ByteSize bandwidthOrDefault() {
    return bandwidth == null ? ByteSize.ZERO : bandwidth;
  }

  /** As a limit for one node. */
  RateLimit bandwidthLimit() {
    return bandwidthOrDefault().rateLimit();
  }

  ByteSize logKeepOrDefault() {
    return logKeep == null ? DEFAULT_LOG_KEEP : logKeep;
  }

  ByteSize logLimitOrDefault() {
    return logLimit == null ? DEFAULT_LOG_LIMIT : logLimit;
  }

  /**
   * What a store charges: what is said here, or the list price of S3, or nothing for a directory.
   */
  Prices pricesOf(StoreUrl url) {
    if (prices != null) {
      return prices;
    }
    return url.scheme().equals("s3") ? Prices.S3_STANDARD : Prices.NONE;
  }
}
