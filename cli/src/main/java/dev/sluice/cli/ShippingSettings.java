package dev.sluice.cli;

import dev.sluice.node.Prices;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.RateLimit;
import dev.sluice.store.StoreUrl;
import java.time.Duration;
import java.util.List;

/**
 * How a node keeps its backups.
 *
 * @param said what is said of it
 */
record ShippingSettings(Settings said) {
  static final ConfigKey<Duration> SYNC_INTERVAL =
      ConfigKey.named("sync-interval", ConfigType.DURATION)
          .fallback(ShippingPolicy.DEFAULT.syncInterval())
          .flag(
              "--sync-interval",
              "DURATION",
              "How often transactions go to the store, such as 500ms.")
          .check(ShippingSettings::checkPolicy)
          .says(
              "how often the transactions since the last time go to the store, in one file of level 0");

  static final ConfigKey<List<Duration>> LEVELS =
      ConfigKey.named("levels", ConfigType.listOf(ConfigType.DURATION))
          .fallback(ShippingPolicy.DEFAULT.levels())
          .flag("--levels", "DURATION,…", "How often shipped files are merged, level by level.")
          .check(ShippingSettings::checkPolicy)
          .says(
              "how often the files of a level are merged into one of the next: level 1 has a file for"
                  + " each 30 s, level 2 for each 5 minutes, and so on; up to 8, ascending; `[]` for"
                  + " none");

  static final ConfigKey<Duration> SNAPSHOT_INTERVAL =
      ConfigKey.named("snapshot-interval", ConfigType.DURATION)
          .fallback(ShippingPolicy.DEFAULT.snapshotInterval())
          .flag(
              "--snapshot-interval",
              "DURATION",
              "How often a changed database is put into the store whole.")
          .check(ShippingSettings::checkPolicy)
          .says(
              "how long after the last snapshot of a database the next is put into the store, if"
                  + " anything was committed");

  static final ConfigKey<Duration> RETENTION =
      ConfigKey.named("retention", ConfigType.DURATION)
          .fallback(ShippingPolicy.DEFAULT.retention())
          .flag("--retention", "DURATION", "How far back restores must reach.")
          .check(ShippingSettings::checkPolicy)
          .says(
              "how far back a restore must reach. What leads to no moment since then is deleted: the"
                  + " newest snapshot that old stays, what it makes unnecessary goes");

  static final ConfigKey<Duration> LEVEL_0_RETENTION =
      ConfigKey.named("l0-retention", ConfigType.DURATION)
          .fallback(ShippingPolicy.DEFAULT.level0Retention())
          .check(ShippingSettings::checkPolicy)
          .says(
              "how long files of level 0 stay that are merged into level 1. Until then every sync can"
                  + " be restored, after that every 30 s");

  /** The default is what a follower misses in a restart or a short cut of the network. */
  static final ConfigKey<ByteSize> LOG_KEEP =
      ConfigKey.named("log-keep", ConfigType.SIZE)
          .fallback(ByteSize.parse("64MiB"))
          .says(
              "how much of the local log of a database stays on each node for followers that come"
                  + " back; one that has missed more gets the whole database");

  /** The default is more than a busy database cuts in hours, less than most disks have. */
  static final ConfigKey<ByteSize> LOG_LIMIT =
      ConfigKey.named("log-limit", ConfigType.SIZE)
          .fallback(ByteSize.parse("4GiB"))
          .says(
              "how large the local log of a database may become while a store does not take it; then"
                  + " its oldest part is deleted all the same, with an error in log and status, and"
                  + " that store gets a snapshot when it is back");

  static final ConfigKey<Duration> VERIFY_INTERVAL =
      ConfigKey.named("verify-interval", ConfigType.DURATION)
          .fallback(Duration.ZERO)
          .fallbackText("`0s`: never")
          .flag(
              "--verify-interval",
              "DURATION",
              "How often each backup is restored to a scratch file and checked, such as 24h.")
          .says(
              "how often the backup of each database in each of its stores is restored to a scratch"
                  + " file and checked, as `sluice verify` does; one at a time, below `data` in"
                  + " `.sluice/verify`; see [operations](operations.md#backups-that-are-verified). It"
                  + " reads the whole backup each time, which a store may charge for");

  static final ConfigKey<ByteSize> BANDWIDTH =
      ConfigKey.named("bandwidth", ConfigType.SIZE)
          .fallback(ByteSize.ZERO)
          .fallbackText("`0kB`: any amount")
          .flag(
              "--bandwidth", "SIZE", "How much a second goes to all stores together, such as 10MB.")
          .says(
              "how much a second goes to all stores together, such as `10MB`. What is slower than the"
                  + " application writes falls behind, see [the log grows](operations.md#the-log-grows)."
                  + " For a restore, `sluice restore --bandwidth` limits what is read");

  private static final ConfigKey<Double> PUT = price("put-per-1000", "1,000 puts");
  private static final ConfigKey<Double> GET = price("get-per-1000", "1,000 gets or heads");
  private static final ConfigKey<Double> LIST = price("list-per-1000", "1,000 listings");
  private static final ConfigKey<Double> OUT =
      price("out-per-gb", "10^9 bytes that are read from it");
  private static final ConfigKey<Double> STORAGE =
      price("storage-per-gb-month", "10^9 bytes that are kept for a month");

  static final ConfigKey<Prices> PRICES =
      ConfigKey.named(
              "prices",
              ConfigType.ofKeys(
                  List.of(PUT, GET, LIST, OUT, STORAGE),
                  said ->
                      new Prices(
                          said.get(PUT),
                          said.get(GET),
                          said.get(LIST),
                          said.get(OUT),
                          said.get(STORAGE)),
                  prices ->
                      Settings.NONE
                          .with(PUT, prices.putPer1000())
                          .with(GET, prices.getPer1000())
                          .with(LIST, prices.listPer1000())
                          .with(OUT, prices.outPerGb())
                          .with(STORAGE, prices.storagePerGbMonth())))
          .fallbackText("S3 Standard's list prices for `s3:`, nothing for others")
          .says("what `sluice status` reckons with, in dollars; see [cost.md](cost.md)");

  /** In the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS =
      List.of(
          SYNC_INTERVAL,
          LEVELS,
          SNAPSHOT_INTERVAL,
          RETENTION,
          LEVEL_0_RETENTION,
          LOG_KEEP,
          LOG_LIMIT,
          VERIFY_INTERVAL,
          BANDWIDTH,
          PRICES);

  private static ConfigKey<Double> price(String name, String what) {
    return ConfigKey.named(name, ConfigType.DOLLARS).fallback(0.0).says("dollars for " + what);
  }

  private static <T> void checkPolicy(ConfigKey<T> key, T value) {
    ShippingPolicy unused =
        new ShippingSettings(Settings.of(key, value, ConfigSource.DEFAULT)).policy();
  }

  /** How shipping is done. */
  ShippingPolicy policy() {
    return new ShippingPolicy(
        said.get(SYNC_INTERVAL),
        said.get(LEVELS),
        said.get(SNAPSHOT_INTERVAL),
        said.get(RETENTION),
        said.get(LEVEL_0_RETENTION));
  }

  /** How often each backup is verified; zero for never. */
  Duration verifyInterval() {
    return said.get(VERIFY_INTERVAL);
  }

  /** So many bytes a second go to all stores of a node together. */
  RateLimit bandwidthLimit() {
    return said.get(BANDWIDTH).rateLimit();
  }

  ByteSize logKeep() {
    return said.get(LOG_KEEP);
  }

  ByteSize logLimit() {
    return said.get(LOG_LIMIT);
  }

  /**
   * What a store charges: what is said here, or the list price of S3, or nothing for a directory.
   */
  Prices pricesOf(StoreUrl url) {
    Prices told = said.find(PRICES);
    if (told != null) {
      return told;
    }
    return url.scheme().equals("s3") ? Prices.S3_STANDARD : Prices.NONE;
  }
}
