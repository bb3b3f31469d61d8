package dev.sluice.cli;

import dev.sluice.beside.Beside;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.store.StoreUrl;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a node runs: what the configuration file and the flags say together. {@link #KEYS} is all
 * that can be said; a key has its own entry in the class that uses it, and nothing else.
 *
 * @param said what is said
 */
record SluiceConfig(Settings said) {
  static final ConfigKey<Path> DATA =
      ConfigKey.named("data", ConfigType.PATH)
          .fallbackText("must be given")
          .flag("--data", "DIR", "Directory with the databases and Sluice's own files.")
          .says(
              "directory with the databases and, in `.sluice`, Sluice's own files; for `sluice"
                  + " replicate` all databases below it are followed");

  static final ConfigKey<Path> MOUNT =
      ConfigKey.named("mount", ConfigType.PATH)
          .use(ConfigKey.Use.MOUNT)
          .fallbackText("must be given")
          .says(
              "directory where applications find the databases; empty, and outside of `data`; on the"
                  + " command line the argument of `sluice mount`");

  static final ConfigKey<ListenAddress> LISTEN =
      ConfigKey.named("listen", ConfigType.ADDRESS)
          .fallbackText("nothing listens")
          .flag("--listen", "HOST:PORT", "Answer status, waits, followers and metrics here.")
          .says(
              "`host:port` where status, waits, followers and metrics are answered; `:4480` for all"
                  + " addresses, port 0 for any that is free. On other addresses than loopback only"
                  + " with `tokens` or `tls`, or `insecure`");

  static final ConfigKey<NodeUrl> FOLLOW =
      ConfigKey.named("follow", ConfigType.NODE_URL)
          .use(ConfigKey.Use.MOUNT)
          .fallbackText("the node is a primary")
          .flag("--follow", "URL", "Follow the primary at this URL; applications then only read.")
          .says("URL of the primary to follow, `http://host:port` or `https://host:port`");

  static final ConfigKey<List<StoreUrl>> STORE =
      ConfigKey.named("store", ConfigType.oneOrMore(ConfigType.STORE_URL))
          .fallback(List.of())
          .fallbackText("no backup")
          .flag(
              "--store",
              "URL",
              "Back up below this URL, such as file:///backups; a database at URL/<its name>. May be"
                  + " repeated: each has everything.")
          .says(
              "URL below which backups lie, each database at `URL/<its path>`: `file:///directory`,"
                  + " `s3://bucket/prefix` and [others](stores.md). A list, or the flag again, for"
                  + " several: each has everything, and none waits for another");

  static final ConfigKey<FuseBinding> FUSE_BINDING =
      ConfigKey.named("fuse-binding", ConfigType.oneOf(FuseBinding.class))
          .use(ConfigKey.Use.MOUNT)
          .fallback(FuseBinding.DEVICE)
          .flag("--fuse-binding", "BINDING", "How to speak with the kernel, device or jnr-fuse.")
          .says(
              "how the mount speaks with the kernel: `device` reads /dev/fuse itself, the default,"
                  + " because the other costs hard links, extended attributes and stat of a file that"
                  + " is deleted while open; `jnr-fuse` goes through libfuse's high-level layer");

  static final ConfigKey<Boolean> LOW_LATENCY =
      ConfigKey.named("low-latency", ConfigType.YES_NO)
          .use(ConfigKey.Use.MOUNT)
          .fallbackText("`true` in a virtual machine where it is allowed, else `false`")
          .flag(
              "--[no-]low-latency",
              "",
              "Keep processors from sleeping while applications write: commits up to twice as fast,"
                  + " more power used. Needs root (default: in virtual machines, where allowed).")
          .says(
              "while more than 2,000 requests a second come, idle processors of the machine poll"
                  + " instead of sleeping: commits are up to twice as fast where a sleeping processor"
                  + " takes long to wake, as in most virtual machines; costs power; needs write access"
                  + " to /dev/cpu_dma_latency, that is root. When asked for, it is an error where that"
                  + " is not allowed");

  static final ConfigKey<FollowerOpen> FOLLOWER_OPEN =
      ConfigKey.named("follower-open", ConfigType.oneOf(FollowerOpen.class))
          .use(ConfigKey.Use.MOUNT)
          .fallback(FollowerOpen.READ_WRITE)
          .flag(
              "--follower-open",
              "HOW",
              "How applications open databases while this node follows: read-write, so that writes"
                  + " get SQLITE_BUSY, or read-only, so that they get SQLITE_READONLY at once.")
          .says(
              "for `sluice mount`: how applications open databases while the node follows another."
                  + " `read-write`: writes get `SQLITE_BUSY`, after the busy time-out; `read-only`: as a"
                  + " file that may not be written, writes get `SQLITE_READONLY` at once, see"
                  + " [followers](followers.md#writers-on-a-follower)");

  static final ConfigKey<List<String>> INCLUDE =
      ConfigKey.named("include", ConfigType.listOf(ConfigType.TEXT))
          .use(ConfigKey.Use.REPLICATE)
          .fallback(List.of())
          .fallbackText("all")
          .flag(
              "--include",
              "GLOB",
              "Only these databases, by their path below DIR, such as '**.db'.")
          .says(
              "for `sluice replicate`: globs of the databases that are followed, by their path below"
                  + " `data`: `[\"**.db\"]`. `*` stays within a directory, `**` does not");

  static final ConfigKey<List<String>> EXCLUDE =
      ConfigKey.named("exclude", ConfigType.listOf(ConfigType.TEXT))
          .use(ConfigKey.Use.REPLICATE)
          .fallback(List.of())
          .fallbackText("none")
          .flag("--exclude", "GLOB", "Not these databases.")
          .says("for `sluice replicate`: globs of databases that are not");

  static final ConfigKey<Integer> CHECKPOINT_PAGES =
      ConfigKey.named("checkpoint-pages", ConfigType.COUNT)
          .use(ConfigKey.Use.REPLICATE)
          .fallback(Beside.Options.DEFAULT_CHECKPOINT_PAGES)
          .flag(
              "--checkpoint-pages",
              "PAGES",
              "Pages in a WAL from which Sluice checkpoints when the application does not.")
          .says(
              "for `sluice replicate`: frames in a WAL from which Sluice checkpoints, when the"
                  + " application does not; writers may be made to wait for it at four times that");

  private static final ConfigKey<String> DATABASE_PATH =
      ConfigKey.named("path", ConfigType.TEXT)
          .required()
          .says("the database, by its path below `data`, such as `shop/app.db`");
  private static final ConfigKey<List<StoreUrl>> DATABASE_STORE =
      ConfigKey.named("store", ConfigType.oneOrMore(ConfigType.STORE_URL))
          .fallbackText("`store` of all `/<path>`")
          .says("where the backup of this database lies itself; one URL, or a list");

  static final ConfigKey<List<DatabaseConfig>> DATABASES =
      ConfigKey.named(
              "databases",
              ConfigType.listOf(
                  ConfigType.ofKeys(
                      List.of(DATABASE_PATH, DATABASE_STORE),
                      said ->
                          new DatabaseConfig(
                              said.get(DATABASE_PATH),
                              said.has(DATABASE_STORE) ? said.get(DATABASE_STORE) : List.of()),
                      database ->
                          Settings.NONE
                              .with(DATABASE_PATH, database.path())
                              .with(
                                  DATABASE_STORE,
                                  database.store().isEmpty() ? null : database.store()))))
          .fallback(List.of())
          .fallbackText("all alike")
          .check((key, databases) -> checkPaths(databases))
          .says("what differs for single databases");

  /** All, in the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS =
      Stream.<Collection<ConfigKey<?>>>of(
              List.of(DATA, MOUNT, LISTEN, FOLLOW),
              ClusterSettings.KEYS,
              DurabilitySettings.KEYS,
              List.of(STORE),
              ShippingSettings.KEYS,
              List.of(FUSE_BINDING, LOW_LATENCY, FOLLOWER_OPEN),
              List.of(INCLUDE, EXCLUDE, CHECKPOINT_PAGES),
              List.of(ProxySettings.PROXY),
              SecuritySettings.KEYS,
              List.of(DATABASES))
          .flatMap(Collection::stream)
          .toList();

  /** Nothing is said. */
  static final SluiceConfig EMPTY = new SluiceConfig(Settings.NONE);

  /**
   * What differs for one database.
   *
   * @param path below the data directory
   * @param store where its backup lies itself, one or several; empty for below the common ones
   */
  record DatabaseConfig(String path, List<StoreUrl> store) {
    DatabaseConfig {
      store = List.copyOf(store);
      Path relative = Path.of(path);
      if (path.isEmpty()
          || relative.isAbsolute()
          || !relative.normalize().equals(relative)
          || relative.startsWith("..")) {
        throw new IllegalArgumentException(
            "'" + path + "' is not a path below the data directory, such as shop/app.db");
      }
    }
  }

  private static void checkPaths(List<DatabaseConfig> databases) {
    Set<String> paths = new HashSet<>();
    for (DatabaseConfig database : databases) {
      if (!paths.add(database.path())) {
        throw new IllegalArgumentException("'databases' has " + database.path() + " twice");
      }
    }
  }

  /**
   * @throws IllegalArgumentException when it makes no sense for any command
   */
  SluiceConfig {
    ClusterSettings cluster = new ClusterSettings(said);
    if (said.has(FOLLOW) && cluster.lease() != null && !cluster.isStaticFollower()) {
      throw new IllegalArgumentException(
          "'follow' and 'lease': the lease says whom to follow; give one of them");
    }
  }

  /** These settings for one file, with {@code own} stores in place of those below a common one. */
  SluiceConfig ofFile(Path file, List<StoreUrl> own) {
    Settings one =
        said.without(INCLUDE).without(EXCLUDE).without(DATA).with(DATA, file.getParent());
    if (!own.isEmpty()) {
      String name = String.valueOf(file.getFileName());
      one =
          one.without(STORE)
              .without(DATABASES)
              .with(DATABASES, List.of(new DatabaseConfig(name, own)));
    }
    return new SluiceConfig(one);
  }

  /** Directory with the databases and Sluice's own files. */
  @Nullable Path data() {
    return said.find(DATA);
  }

  /** Where applications find the databases. */
  @Nullable Path mount() {
    return said.find(MOUNT);
  }

  /** Where the HTTP API answers; null for nowhere. */
  @Nullable ListenAddress listen() {
    return said.find(LISTEN);
  }

  /** The primary to follow; null on a primary. */
  @Nullable NodeUrl follow() {
    return said.find(FOLLOW);
  }

  /** How it takes turns with others as the primary. */
  ClusterSettings cluster() {
    return new ClusterSettings(said);
  }

  /** Below which the backups of all databases lie, one or several; empty for none. */
  List<StoreUrl> store() {
    return said.get(STORE);
  }

  /** How backups are kept there. */
  ShippingSettings shipping() {
    return new ShippingSettings(said);
  }

  /** Who may ask, and how others are asked. */
  SecuritySettings security() {
    return new SecuritySettings(said);
  }

  /** How the mount speaks with the kernel. */
  FuseBinding fuseBinding() {
    return said.get(FUSE_BINDING);
  }

  /**
   * Whether processors may not sleep while the mount is busy; null for only in a virtual machine.
   */
  @Nullable Boolean lowLatency() {
    return said.find(LOW_LATENCY);
  }

  /** How applications open databases while the node follows. */
  FollowerOpen followerOpen() {
    return said.get(FOLLOWER_OPEN);
  }

  /** Globs of the databases that are replicated without a mount; empty for all. */
  List<String> include() {
    return said.get(INCLUDE);
  }

  /** Globs of those that are not. */
  List<String> exclude() {
    return said.get(EXCLUDE);
  }

  /** Frames in a WAL from which {@code replicate} checkpoints. */
  int checkpointPages() {
    return said.get(CHECKPOINT_PAGES);
  }

  /** The proxy before the application. */
  ProxySettings proxy() {
    Settings proxy = said.find(ProxySettings.PROXY);
    return new ProxySettings(proxy == null ? Settings.NONE : proxy);
  }

  /** Exceptions for single databases. */
  List<DatabaseConfig> databases() {
    return said.get(DATABASES);
  }

  /** Whether any database has a store. */
  boolean hasStores() {
    return !store().isEmpty()
        || databases().stream().anyMatch(database -> !database.store().isEmpty());
  }

  /**
   * Where the backups of a database lie: those it has itself, or its name below the common ones.
   */
  List<StoreUrl> storesOf(String database) {
    for (DatabaseConfig exception : databases()) {
      if (exception.path().equals(database) && !exception.store().isEmpty()) {
        return exception.store();
      }
    }
    return store().stream().map(base -> below(base, database)).toList();
  }

  /** Where the backup of a database is below a store. */
  static StoreUrl below(StoreUrl base, String database) {
    return new StoreUrl(
        base.scheme(),
        base.authority(),
        base.path().isEmpty() || base.path().endsWith("/")
            ? base.path() + database
            : base.path() + "/" + database,
        base.query());
  }
}
