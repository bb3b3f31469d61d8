package dev.sluice.cli;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.sluice.beside.Beside;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.node.Prices;
import dev.sluice.ship.ShippingPolicy;
import dev.sluice.store.StoreUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a node runs: what the configuration file and the flags say together. The keys of the file are
 * the names of the components, with hyphens; {@code docs/configuration.md} describes them.
 *
 * @param data directory with the databases and Sluice's own files
 * @param mount where applications find the databases
 * @param listen where the HTTP API answers; null for nowhere
 * @param follow the primary to follow; null on a primary
 * @param store below which the backups of all databases lie, one or several; empty for none
 * @param syncInterval how often transactions are shipped to the store
 * @param levels how often shipped files are merged into level 1, 2, …
 * @param snapshotInterval how often a snapshot of a changed database is put into the store
 * @param retention how far back restores must reach
 * @param l0Retention how long files of level 0 stay that are merged
 * @param logLimit how large the log of a database may become while a store is away
 * @param prices of the stores, in place of S3's
 * @param fuseBinding how the mount speaks with the kernel
 * @param lowLatency whether processors may not sleep while the mount is busy; null for only in a
 *     virtual machine
 * @param databases exceptions for single databases
 * @param include globs of the databases that are replicated without a mount; empty for all
 * @param exclude globs of those that are not
 * @param checkpointPages frames in a WAL from which {@code replicate} checkpoints
 */
record SluiceConfig(
    @Nullable Path data,
    @Nullable Path mount,
    @Nullable ListenAddress listen,
    @Nullable NodeUrl follow,
    @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<StoreUrl> store,
    @Nullable Duration syncInterval,
    @Nullable List<Duration> levels,
    @Nullable Duration snapshotInterval,
    @Nullable Duration retention,
    @Nullable Duration l0Retention,
    @Nullable ByteSize logLimit,
    @Nullable Prices prices,
    @Nullable FuseBinding fuseBinding,
    @Nullable Boolean lowLatency,
    List<DatabaseConfig> databases,
    List<String> include,
    List<String> exclude,
    @Nullable Integer checkpointPages) {
  /** More than a busy database cuts in hours, less than most disks have. */
  static final ByteSize DEFAULT_LOG_LIMIT = ByteSize.parse("4GiB");

  /** Nothing is said. */
  static final SluiceConfig EMPTY =
      new SluiceConfig(
          null, null, null, null, List.of(), null, null, null, null, null, null, null, null, null,
          List.of(), List.of(), List.of(), null);

  /** What flags of all nodes say. */
  static SluiceConfig ofNode(
      @Nullable Path data,
      @Nullable ListenAddress listen,
      List<StoreUrl> store,
      @Nullable Duration syncInterval,
      @Nullable List<Duration> levels,
      @Nullable Duration snapshotInterval,
      @Nullable Duration retention) {
    return new SluiceConfig(
        data,
        null,
        listen,
        null,
        store,
        syncInterval,
        levels,
        snapshotInterval,
        retention,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        null);
  }

  /** What only flags of a mount say. */
  static SluiceConfig ofMount(
      @Nullable Path mount,
      @Nullable NodeUrl follow,
      @Nullable FuseBinding fuseBinding,
      @Nullable Boolean lowLatency) {
    return new SluiceConfig(
        null,
        mount,
        null,
        follow,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        fuseBinding,
        lowLatency,
        List.of(),
        List.of(),
        List.of(),
        null);
  }

  /** What only flags of a node without a mount say. */
  static SluiceConfig ofReplicate(
      List<String> include, List<String> exclude, @Nullable Integer checkpointPages) {
    return new SluiceConfig(
        null,
        null,
        null,
        null,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        include,
        exclude,
        checkpointPages);
  }

  /** These settings for one file, with {@code own} stores in place of those below a common one. */
  SluiceConfig ofFile(Path file, List<StoreUrl> own) {
    String name = String.valueOf(file.getFileName());
    return new SluiceConfig(
        file.getParent(),
        mount,
        listen,
        follow,
        own.isEmpty() ? store : List.of(),
        syncInterval,
        levels,
        snapshotInterval,
        retention,
        l0Retention,
        logLimit,
        prices,
        fuseBinding,
        lowLatency,
        own.isEmpty() ? databases : List.of(new DatabaseConfig(name, own)),
        List.of(),
        List.of(),
        checkpointPages);
  }

  /**
   * What differs for one database.
   *
   * @param path below the data directory
   * @param store where its backup lies itself, one or several; empty for below the common ones
   */
  record DatabaseConfig(
      String path,
      @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<StoreUrl> store) {
    DatabaseConfig {
      store = store == null ? List.of() : List.copyOf(store);
      if (path == null || path.isEmpty()) {
        throw new IllegalArgumentException("a database has no 'path'");
      }
      Path relative = Path.of(path);
      if (relative.isAbsolute()
          || !relative.normalize().equals(relative)
          || relative.startsWith("..")) {
        throw new IllegalArgumentException(
            "'" + path + "' is not a path below the data directory, such as shop/app.db");
      }
    }
  }

  SluiceConfig {
    store = store == null ? List.of() : List.copyOf(store);
    databases = databases == null ? List.of() : List.copyOf(databases);
    // Says what is wrong with it.
    policy(syncInterval, levels, snapshotInterval, retention, l0Retention);
    include = include == null ? List.of() : List.copyOf(include);
    exclude = exclude == null ? List.of() : List.copyOf(exclude);
    if (checkpointPages != null && checkpointPages < 1) {
      throw new IllegalArgumentException("'checkpoint-pages' must be greater than 0");
    }
    Set<String> paths = new HashSet<>();
    for (DatabaseConfig database : databases) {
      if (!paths.add(database.path())) {
        throw new IllegalArgumentException("'databases' has " + database.path() + " twice");
      }
    }
  }

  /** These settings, with those of {@code stronger} in place of them where it has any. */
  SluiceConfig overriddenBy(SluiceConfig stronger) {
    return new SluiceConfig(
        either(stronger.data, data),
        either(stronger.mount, mount),
        either(stronger.listen, listen),
        either(stronger.follow, follow),
        stronger.store.isEmpty() ? store : stronger.store,
        either(stronger.syncInterval, syncInterval),
        either(stronger.levels, levels),
        either(stronger.snapshotInterval, snapshotInterval),
        either(stronger.retention, retention),
        either(stronger.l0Retention, l0Retention),
        either(stronger.logLimit, logLimit),
        either(stronger.prices, prices),
        either(stronger.fuseBinding, fuseBinding),
        either(stronger.lowLatency, lowLatency),
        stronger.databases.isEmpty() ? databases : stronger.databases,
        stronger.include.isEmpty() ? include : stronger.include,
        stronger.exclude.isEmpty() ? exclude : stronger.exclude,
        either(stronger.checkpointPages, checkpointPages));
  }

  private static <T> @Nullable T either(@Nullable T strong, @Nullable T weak) {
    return strong == null ? weak : strong;
  }

  /** How shipping is done: what is said here, and the defaults. */
  ShippingPolicy shippingPolicy() {
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

  /**
   * What a store charges: what is said here, or the list price of S3, or nothing for a directory.
   */
  Prices pricesOf(StoreUrl url) {
    if (prices != null) {
      return prices;
    }
    return url.scheme().equals("s3") ? Prices.S3_STANDARD : Prices.NONE;
  }

  long logLimitBytesOrDefault() {
    return (logLimit == null ? DEFAULT_LOG_LIMIT : logLimit).bytes();
  }

  int checkpointPagesOrDefault() {
    return checkpointPages == null ? Beside.Options.DEFAULT_CHECKPOINT_PAGES : checkpointPages;
  }

  FuseBinding fuseBindingOrDefault() {
    return fuseBinding == null ? FuseBinding.DEVICE : fuseBinding;
  }

  /** Whether any database has a store. */
  boolean hasStores() {
    return !store.isEmpty() || databases.stream().anyMatch(database -> !database.store().isEmpty());
  }

  /**
   * Where the backups of a database lie: those it has itself, or its name below the common ones.
   */
  List<StoreUrl> storesOf(String database) {
    for (DatabaseConfig exception : databases) {
      if (exception.path().equals(database) && !exception.store().isEmpty()) {
        return exception.store();
      }
    }
    return store.stream().map(base -> below(base, database)).toList();
  }

  private static StoreUrl below(StoreUrl base, String database) {
    return new StoreUrl(
        base.scheme(),
        base.authority(),
        base.path().isEmpty() || base.path().endsWith("/")
            ? base.path() + database
            : base.path() + "/" + database,
        base.query());
  }
}
