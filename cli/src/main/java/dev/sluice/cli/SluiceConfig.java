package dev.sluice.cli;

import dev.sluice.beside.Beside;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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
 * @param store below which the backups of all databases lie; null for none
 * @param syncInterval how often transactions are shipped to the store
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
    @Nullable StoreUrl store,
    @Nullable Duration syncInterval,
    @Nullable FuseBinding fuseBinding,
    @Nullable Boolean lowLatency,
    List<DatabaseConfig> databases,
    List<String> include,
    List<String> exclude,
    @Nullable Integer checkpointPages) {
  static final Duration DEFAULT_SYNC_INTERVAL = Duration.ofSeconds(1);

  /** Nothing is said. */
  static final SluiceConfig EMPTY =
      new SluiceConfig(
          null, null, null, null, null, null, null, null, List.of(), List.of(), List.of(), null);

  /**
   * What differs for one database.
   *
   * @param path below the data directory
   * @param store where its backup lies itself; null for below the common one
   */
  record DatabaseConfig(String path, @Nullable StoreUrl store) {
    DatabaseConfig {
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
    databases = databases == null ? List.of() : List.copyOf(databases);
    include = include == null ? List.of() : List.copyOf(include);
    exclude = exclude == null ? List.of() : List.copyOf(exclude);
    if (checkpointPages != null && checkpointPages < 1) {
      throw new IllegalArgumentException("'checkpoint-pages' must be greater than 0");
    }
    if (syncInterval != null && (syncInterval.isZero() || syncInterval.isNegative())) {
      throw new IllegalArgumentException("'sync-interval' must be greater than 0");
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
        either(stronger.store, store),
        either(stronger.syncInterval, syncInterval),
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

  Duration syncIntervalOrDefault() {
    return syncInterval == null ? DEFAULT_SYNC_INTERVAL : syncInterval;
  }

  int checkpointPagesOrDefault() {
    return checkpointPages == null ? Beside.Options.DEFAULT_CHECKPOINT_PAGES : checkpointPages;
  }

  FuseBinding fuseBindingOrDefault() {
    return fuseBinding == null ? FuseBinding.DEVICE : fuseBinding;
  }

  /** Where the backup of a database lies: the one it has itself, or its name below the common. */
  Optional<StoreUrl> storeOf(String database) {
    for (DatabaseConfig exception : databases) {
      if (exception.path().equals(database) && exception.store() != null) {
        return Optional.of(exception.store());
      }
    }
    return Optional.ofNullable(store)
        .map(
            base ->
                new StoreUrl(
                    base.scheme(),
                    base.authority(),
                    base.path().isEmpty() || base.path().endsWith("/")
                        ? base.path() + database
                        : base.path() + "/" + database,
                    base.query()));
  }
}
