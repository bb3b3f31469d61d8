package dev.sluice.cli;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.sluice.access.TlsFiles;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.TokenSource;
import dev.sluice.access.TrustFiles;
import dev.sluice.beside.Beside;
import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.health.HookTarget;
import dev.sluice.node.Prices;
import dev.sluice.store.StoreUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a node runs: what the configuration file and the flags say together; {@code
 * docs/configuration.md} describes the keys.
 *
 * @param data directory with the databases and Sluice's own files
 * @param mount where applications find the databases
 * @param listen where the HTTP API answers; null for nowhere
 * @param follow the primary to follow; null on a primary
 * @param cluster how it takes turns with others as the primary
 * @param store below which the backups of all databases lie, one or several; empty for none
 * @param shipping how they are kept there
 * @param security who may ask, and how others are asked
 * @param fuseBinding how the mount speaks with the kernel
 * @param lowLatency whether processors may not sleep while the mount is busy; null for only in a
 *     virtual machine
 * @param followerOpen how applications open databases while the node follows; null for read-write
 * @param databases exceptions for single databases
 * @param include globs of the databases that are replicated without a mount; empty for all
 * @param exclude globs of those that are not
 * @param checkpointPages frames in a WAL from which {@code replicate} checkpoints
 * @param proxy the proxy before the application
 * @param monitoring from where on something is wrong, and who is told
 */
record SluiceConfig(
    @Nullable Path data,
    @Nullable Path mount,
    @Nullable ListenAddress listen,
    @Nullable NodeUrl follow,
    ClusterSettings cluster,
    List<StoreUrl> store,
    ShippingSettings shipping,
    SecuritySettings security,
    @Nullable FuseBinding fuseBinding,
    @Nullable Boolean lowLatency,
    @Nullable FollowerOpen followerOpen,
    List<DatabaseConfig> databases,
    List<String> include,
    List<String> exclude,
    @Nullable Integer checkpointPages,
    ProxySettings proxy,
    MonitoringSettings monitoring) {
  /** Nothing is said. */
  static final SluiceConfig EMPTY =
      new SluiceConfig(
          null,
          null,
          null,
          null,
          ClusterSettings.EMPTY,
          List.of(),
          ShippingSettings.EMPTY,
          SecuritySettings.EMPTY,
          null,
          null,
          null,
          List.of(),
          List.of(),
          List.of(),
          null,
          ProxySettings.EMPTY,
          MonitoringSettings.EMPTY);

  /** What the file says, key by key; null where it says nothing. */
  @JsonCreator
  static SluiceConfig ofKeys(
      @JsonProperty("data") @Nullable Path data,
      @JsonProperty("mount") @Nullable Path mount,
      @JsonProperty("listen") @Nullable ListenAddress listen,
      @JsonProperty("follow") @Nullable NodeUrl follow,
      @JsonProperty("lease") @Nullable String lease,
      @JsonProperty("lease-ttl") @Nullable Duration leaseTtl,
      @JsonProperty("advertise") @Nullable NodeUrl advertise,
      @JsonProperty("durability") DurabilitySettings.@Nullable Mode durability,
      @JsonProperty("durability-followers") @Nullable Integer durabilityFollowers,
      @JsonProperty("durability-timeout") @Nullable Duration durabilityTimeout,
      @JsonProperty("durability-on-timeout") @Nullable OnTimeout durabilityOnTimeout,
      @JsonProperty("store") @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          @Nullable List<StoreUrl> store,
      @JsonProperty("sync-interval") @Nullable Duration syncInterval,
      @JsonProperty("levels") @Nullable List<Duration> levels,
      @JsonProperty("snapshot-interval") @Nullable Duration snapshotInterval,
      @JsonProperty("retention") @Nullable Duration retention,
      @JsonProperty("l0-retention") @Nullable Duration l0Retention,
      @JsonProperty("verify-interval") @Nullable Duration verifyInterval,
      @JsonProperty("bandwidth") @Nullable ByteSize bandwidth,
      @JsonProperty("log-keep") @Nullable ByteSize logKeep,
      @JsonProperty("log-limit") @Nullable ByteSize logLimit,
      @JsonProperty("prices") @Nullable Prices prices,
      @JsonProperty("tls") @Nullable TlsFiles tls,
      @JsonProperty("trust") @Nullable TrustFiles trust,
      @JsonProperty("tokens") @Nullable List<TokenGrant> tokens,
      @JsonProperty("token") @Nullable TokenSource token,
      @JsonProperty("insecure") @Nullable Boolean insecure,
      @JsonProperty("fuse-binding") @Nullable FuseBinding fuseBinding,
      @JsonProperty("low-latency") @Nullable Boolean lowLatency,
      @JsonProperty("follower-open") @Nullable FollowerOpen followerOpen,
      @JsonProperty("databases") @Nullable List<DatabaseConfig> databases,
      @JsonProperty("include") @Nullable List<String> include,
      @JsonProperty("exclude") @Nullable List<String> exclude,
      @JsonProperty("checkpoint-pages") @Nullable Integer checkpointPages,
      @JsonProperty("proxy") @Nullable ProxySettings proxy,
      @JsonProperty("backup-objective") @Nullable Duration backupObjective,
      @JsonProperty("lag-objective") @Nullable Duration lagObjective,
      @JsonProperty("min-free") @Nullable ByteSize minFree,
      @JsonProperty("metrics-databases") @Nullable Integer metricsDatabases,
      @JsonProperty("on-event") @Nullable HookTarget onEvent) {
    return new SluiceConfig(
        data,
        mount,
        listen,
        follow,
        new ClusterSettings(
            lease,
            leaseTtl,
            advertise,
            new DurabilitySettings(
                durability, durabilityFollowers, durabilityTimeout, durabilityOnTimeout)),
        orEmpty(store),
        new ShippingSettings(
            syncInterval,
            levels,
            snapshotInterval,
            retention,
            l0Retention,
            verifyInterval,
            bandwidth,
            logKeep,
            logLimit,
            prices),
        new SecuritySettings(
            tls, trust == null ? TrustFiles.NONE : trust, orEmpty(tokens), token, insecure),
        fuseBinding,
        lowLatency,
        followerOpen,
        orEmpty(databases),
        orEmpty(include),
        orEmpty(exclude),
        checkpointPages,
        proxy == null ? ProxySettings.EMPTY : proxy,
        new MonitoringSettings(backupObjective, lagObjective, minFree, metricsDatabases, onEvent));
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  /** What flags of all nodes say. */
  static SluiceConfig ofNode(
      @Nullable Path data,
      @Nullable ListenAddress listen,
      List<StoreUrl> store,
      ShippingSettings shipping,
      SecuritySettings security) {
    return new SluiceConfig(
        data,
        null,
        listen,
        null,
        ClusterSettings.EMPTY,
        store,
        shipping,
        security,
        null,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        null,
        ProxySettings.EMPTY,
        MonitoringSettings.EMPTY);
  }

  /** What only flags of a mount say. */
  static SluiceConfig ofMount(
      @Nullable Path mount,
      @Nullable NodeUrl follow,
      ClusterSettings cluster,
      @Nullable FuseBinding fuseBinding,
      @Nullable Boolean lowLatency,
      @Nullable FollowerOpen followerOpen,
      ProxySettings proxy) {
    return new SluiceConfig(
        null,
        mount,
        null,
        follow,
        cluster,
        List.of(),
        ShippingSettings.EMPTY,
        SecuritySettings.EMPTY,
        fuseBinding,
        lowLatency,
        followerOpen,
        List.of(),
        List.of(),
        List.of(),
        null,
        proxy,
        MonitoringSettings.EMPTY);
  }

  /** What only flags of a node without a mount say. */
  static SluiceConfig ofReplicate(
      List<String> include, List<String> exclude, @Nullable Integer checkpointPages) {
    return new SluiceConfig(
        null,
        null,
        null,
        null,
        ClusterSettings.EMPTY,
        List.of(),
        ShippingSettings.EMPTY,
        SecuritySettings.EMPTY,
        null,
        null,
        null,
        List.of(),
        include,
        exclude,
        checkpointPages,
        ProxySettings.EMPTY,
        MonitoringSettings.EMPTY);
  }

  /** These settings for one file, with {@code own} stores in place of those below a common one. */
  SluiceConfig ofFile(Path file, List<StoreUrl> own) {
    String name = String.valueOf(file.getFileName());
    return new SluiceConfig(
        file.getParent(),
        mount,
        listen,
        follow,
        cluster,
        own.isEmpty() ? store : List.of(),
        shipping,
        security,
        fuseBinding,
        lowLatency,
        followerOpen,
        own.isEmpty() ? databases : List.of(new DatabaseConfig(name, own)),
        List.of(),
        List.of(),
        checkpointPages,
        proxy,
        monitoring);
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
    store = List.copyOf(store);
    databases = List.copyOf(databases);
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
    if (checkpointPages != null && checkpointPages < 1) {
      throw new IllegalArgumentException("'checkpoint-pages' must be greater than 0");
    }
    if (follow != null && cluster.lease() != null && !cluster.isStaticFollower()) {
      throw new IllegalArgumentException(
          "'follow' and 'lease': the lease says whom to follow; give one of them");
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
        cluster.overriddenBy(stronger.cluster),
        stronger.store.isEmpty() ? store : stronger.store,
        shipping.overriddenBy(stronger.shipping),
        security.overriddenBy(stronger.security),
        either(stronger.fuseBinding, fuseBinding),
        either(stronger.lowLatency, lowLatency),
        either(stronger.followerOpen, followerOpen),
        stronger.databases.isEmpty() ? databases : stronger.databases,
        stronger.include.isEmpty() ? include : stronger.include,
        stronger.exclude.isEmpty() ? exclude : stronger.exclude,
        either(stronger.checkpointPages, checkpointPages),
        proxy.overriddenBy(stronger.proxy),
        monitoring.overriddenBy(stronger.monitoring));
  }

  static <T> @Nullable T either(@Nullable T strong, @Nullable T weak) {
    return strong == null ? weak : strong;
  }

  int checkpointPagesOrDefault() {
    return checkpointPages == null ? Beside.Options.DEFAULT_CHECKPOINT_PAGES : checkpointPages;
  }

  FollowerOpen followerOpenOrDefault() {
    return followerOpen == null ? FollowerOpen.READ_WRITE : followerOpen;
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
