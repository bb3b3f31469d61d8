package dev.sluice.cli;

import dev.sluice.log.DatabaseName;
import dev.sluice.ltx.Txid;
import dev.sluice.node.BackupStatus;
import dev.sluice.node.BackupStatus.Gap;
import dev.sluice.node.BackupStatus.Point;
import dev.sluice.node.BackupStatus.Snapshot;
import dev.sluice.node.StoreUsage;
import dev.sluice.restore.BackupSummary;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.Backoff;
import dev.sluice.store.BandwidthLimitedStore;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PrefixedStore;
import dev.sluice.store.RateLimit;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The stores of a node, as its configuration names them. Safe for use by many threads. */
final class NodeStores {
  /**
   * Few, so that a stop does not wait for them; the shipper tries again for as long as it takes.
   */
  private static final Backoff RETRIES =
      new Backoff(3, Duration.ofMillis(100), Duration.ofSeconds(2));

  /** The key of a file of a database, see {@link StoreLayout}. */
  private static final Pattern BACKUP =
      Pattern.compile("(.+)/(?:ltx/[0-9]|000[0-9])/[0-9a-f]{16}-[0-9a-f]{16}\\.ltx");

  private final SluiceConfig config;

  /** For what goes to all of them together. */
  private final RateLimit bandwidth;

  private final Map<StoreUrl, ObjectStore> stores = new ConcurrentHashMap<>();
  private final Map<String, StoreMeter> meters = new ConcurrentSkipListMap<>();

  /** Opens the stores of all databases: a URL that makes no sense stops the start. */
  NodeStores(SluiceConfig config) {
    this.config = config;
    bandwidth = new RateLimit(config.shipping().bandwidth());
    config.store().forEach(this::open);
  }

  /** From now on, at most so many bytes a second go to all of them together. */
  void limit(long bytesPerSecond) {
    bandwidth.set(bytesPerSecond);
  }

  /** Where a database is shipped to; empty when it has no store. */
  List<Destination> destinations(String database) {
    return config.storesOf(database).stream()
        .map(
            url ->
                new Destination(
                    open(url), StoreLayout.of(url.scheme(), ""), url.toString(), group(url)))
        .toList();
  }

  /** The databases that any store has a backup of. Lists all there is. */
  Set<String> databases() throws IOException {
    Set<String> names = new TreeSet<>();
    for (StoreUrl url : config.store()) {
      try (Stream<ObjectInfo> objects = open(url).list("", "")) {
        objects
            .map(object -> BACKUP.matcher(object.key()))
            .filter(Matcher::matches)
            .map(found -> found.group(1))
            .filter(NodeStores::isName)
            .forEach(names::add);
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
    config.databases().stream()
        .filter(database -> !database.store().isEmpty())
        .forEach(database -> names.add(database.path()));
    return names;
  }

  private static boolean isName(String text) {
    try {
      DatabaseName.checked(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * What each was asked.
   *
   * @param keptBytes what is in each group
   */
  List<StoreUsage> usage(Map<String, Long> keptBytes) {
    return meters.entrySet().stream()
        .map(meter -> meter.getValue().usage(keptBytes.getOrDefault(meter.getKey(), 0L)))
        .toList();
  }

  /** What the stores can restore of a database. Lists each, once or twice. */
  List<BackupStatus> backups(String database) {
    return destinations(database).stream().map(NodeStores::backup).toList();
  }

  private static BackupStatus backup(Destination place) {
    long nowMillis = System.currentTimeMillis();
    try {
      BackupSummary summary = BackupSummary.read(place.store(), place.layout());
      return new BackupStatus(
          place.url(),
          nowMillis,
          summary.points().stream()
              .map(p -> new Point(Txid.format(p.txid()), p.time().toEpochMilli()))
              .toList(),
          summary.snapshots().stream()
              .map(s -> new Snapshot(Txid.format(s.txid()), s.time().toEpochMilli(), s.sizeBytes()))
              .toList(),
          summary.gaps().stream()
              .map(g -> new Gap(g.after().toEpochMilli(), g.before().toEpochMilli()))
              .toList(),
          null);
    } catch (IOException e) {
      return new BackupStatus(
          place.url(), nowMillis, List.of(), List.of(), List.of(), String.valueOf(e.getMessage()));
    }
  }

  /** What is away together: all below a common store, and what is in one bucket. */
  private String group(StoreUrl url) {
    return common(url)
        .map(StoreUrl::toString)
        .orElse(
            url.authority().isEmpty() ? url.toString() : url.scheme() + "://" + url.authority());
  }

  /** The store of all databases that {@code url} is in or below. */
  private Optional<StoreUrl> common(StoreUrl url) {
    return config.store().stream()
        .filter(
            common ->
                common.scheme().equals(url.scheme())
                    && common.authority().equals(url.authority())
                    && common.query().equals(url.query())
                    && (url.path() + "/").startsWith(slashed(common.path())))
        .findFirst();
  }

  private static String slashed(String path) {
    return path.isEmpty() || path.endsWith("/") ? path : path + "/";
  }

  /**
   * One client, with its connections, serves all databases of a common store; a directory has none.
   */
  private ObjectStore open(StoreUrl url) {
    StoreUrl base = url.scheme().equals("file") ? url : common(url).orElse(url);
    ObjectStore store = stores.computeIfAbsent(base, this::openBase);
    return url.equals(base)
        ? store
        : new PrefixedStore(store, url.path().substring(slashed(base.path()).length()));
  }

  private ObjectStore openBase(StoreUrl url) {
    StoreMeter meter =
        meters.computeIfAbsent(
            group(url),
            group -> new StoreMeter(group, config.shipping().pricesOf(url), Clock.systemUTC()));
    try {
      return new RetryingStore(
          BandwidthLimitedStore.around(Stores.open(url, meter.stats()), bandwidth, RateLimit.NONE),
          RETRIES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
