package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.beside.Beside;
import dev.sluice.capture.Capture;
import dev.sluice.follow.Follower;
import dev.sluice.follow.FollowerListener;
import dev.sluice.follow.Following;
import dev.sluice.follow.StoreFollower;
import dev.sluice.follow.StreamServer;
import dev.sluice.fuse.Mount;
import dev.sluice.log.CommitGuard;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.NodeServer;
import dev.sluice.node.BackupStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.EventLog;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodePeer;
import dev.sluice.node.NodeView;
import dev.sluice.node.ProxyAddress;
import dev.sluice.node.StoreUsage;
import dev.sluice.ship.Shipper;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node: the one place where the parts are put together.
 *
 * <pre>
 *   primary    application ─► mount ─► capture ─► log ─┬─► shipper ─► store
 *                                                      └─► stream  ─► followers
 *   beside     application ─► its own files ─► beside ─► log ─► the same
 *   follower   stream ─► log ─► replica writer ─► mount (or a plain file) ─► application reads
 * </pre>
 *
 * <p>Safe for use by many threads.
 */
final class Node implements NodeView, Closeable {
  private static final Logger log = LoggerFactory.getLogger(Node.class);

  private static final long UNMOUNT_GRACE_MILLIS = 3000;

  private final DataDirectory directory;
  private final Databases databases;
  private final Metrics metrics;
  private final NodeHealth health;
  private final GapCounts gaps = new GapCounts();
  private final EventLog events = new EventLog();
  private @Nullable Mount mount;
  private @Nullable Capture capture;
  private @Nullable Beside beside;
  private @Nullable MountedDatabases mounted;
  private @Nullable ClusterNode cluster;

  /** While applications write to the databases of this node; null while it follows. */
  private volatile @Nullable Primary primary;

  /** While this node follows another, or a store. */
  private volatile @Nullable Following follower;

  /** What a follower that is no member of a cluster serves to others. */
  private volatile @Nullable StreamServer relay;

  /** What the store that this node follows is asked; null when it follows none. */
  private @Nullable FollowedStore followedStore;

  /** What this node may restore from; null without a store. */
  private @Nullable NodeStores stores;

  /** What a node that is none of a cluster follows. */
  private @Nullable NodeUrl followed;

  private volatile Access access = Access.none();

  private @Nullable NodeServer server;
  private @Nullable NodeServer localServer;
  private @Nullable NodeProxy proxy;
  private volatile boolean serving;
  private boolean closed;

  private Node(DataDirectory directory, SluiceConfig config) throws IOException {
    this.directory = directory;
    this.metrics = new Metrics(config.monitoring().metricsDatabases());
    try {
      databases = Databases.open(directory.databases());
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
    databases.listen(metrics);
    databases.listen(gaps);
    health =
        NodeHealth.of(
            this,
            databases,
            config.monitoring(),
            config.shipping().policy().syncInterval(),
            metrics);
    databases.listen(new LogTrimmer(config.shipping().logKeep().bytes(), this::isShipped));
  }

  /** Starts a node with a mount, primary or follower. When this returns, the mount serves. */
  static Node mounted(SluiceConfig config) throws IOException {
    Path data =
        required(
            config.data(),
            "no data directory given",
            "add --data DIR, or 'data' to the configuration");
    Path mountPoint =
        required(
            config.mount(),
            "no mount point given",
            "name a directory, or add 'mount' to the configuration");
    MountPoint.prepare(mountPoint, data);
    Node node = new Node(DataDirectory.open(data), config);
    try {
      node.startMount(config, data, mountPoint);
      node.health.start();
      return node;
    } catch (IOException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private static <T> T required(@Nullable T value, String what, String whatToDo)
      throws UserException {
    if (value == null) {
      throw new UserException(what, whatToDo);
    }
    return value;
  }

  private void startMount(SluiceConfig config, Path data, Path mountPoint) throws IOException {
    ClusterNode member =
        config.cluster().lease() == null ? null : ClusterNode.open(config, this, directory);
    boolean follows = member == null ? config.follow() != null : member.followedLast();
    if (follows) {
      databases.guard(FOLLOWS);
    }
    mount =
        Mount.open(
            data,
            mountPoint,
            beforeWait -> {
              Capture made = new Capture(data, databases, beforeWait, path -> true);
              capture = made;
              made.copied(config.listen() != null || config.hasStores());
              if (follows) {
                made.findReplicas();
              } else {
                made.findDatabases();
              }
              if (member != null) {
                member.guard(made);
              }
              if (config.followerOpen() == FollowerOpen.READ_ONLY && (follows || member != null)) {
                made.openReadOnlyWhile(() -> primary == null);
              }
              return made;
            },
            config.fuseBinding(),
            config.lowLatency());
    Capture captured = Objects.requireNonNull(capture);
    captured.mountedAt(mountPoint);
    serving = true;
    NodeStores opened = new NodeStores(config);
    stores = opened;
    Snapshots snapshots = new Snapshots(directory.temporary(), captured::read);
    MountedDatabases files = new MountedDatabases(mountPoint, captured);
    mounted = files;
    Follower following = null;
    if (member != null) {
      cluster = member;
    } else if (follows) {
      following =
          makeFollower(Objects.requireNonNull(config.follow()), config.security(), files, null);
    } else {
      primary =
          Primary.start(
              config,
              directory,
              databases,
              opened,
              snapshots,
              number -> {},
              FollowerListener.NONE,
              null,
              0);
    }
    startServer(config.listen(), config.security(), config.hasStores());
    if (following != null) {
      NodeUrl advertised = config.cluster().advertise();
      following.announce(advertised == null ? url() : advertised.toString());
      following.start();
    }
    proxy = NodeProxy.start(config, this, metrics);
    if (member != null) {
      member.start(files, opened, snapshots, mount::leaveToOthers);
    }
  }

  /** Applications on a follower only read. */
  private static final CommitGuard FOLLOWS =
      database -> {
        throw new IOException("this node follows another; write on the primary");
      };

  Metrics metrics() {
    return metrics;
  }

  /** What of a role others see; see {@link ClusterNode}. */
  void roles(@Nullable Primary leads, @Nullable Following follows) {
    primary = leads;
    follower = follows;
  }

  private @Nullable Shipper shipper() {
    Primary p = primary;
    return p == null ? null : p.shipper();
  }

  private boolean isShipped(Database database) {
    Shipper s = shipper();
    return s != null && !s.status(database.name()).isEmpty();
  }

  /** What serves followers; null while nothing does. */
  private @Nullable StreamServer served() {
    Primary p = primary;
    return p == null ? relay : p.stream();
  }

  private boolean hasCaughtUp() {
    Following f = follower;
    return f == null || f.isCaughtUp();
  }

  /** Starts a follower of one database that keeps a plain file current. */
  static Node following(
      NodeUrl primary,
      String database,
      Path copy,
      @Nullable ListenAddress listen,
      SecuritySettings security)
      throws IOException {
    Path absolute = copy.toAbsolutePath();
    Path parent = Objects.requireNonNull(absolute.getParent());
    Path state = parent.resolve("." + absolute.getFileName() + "-sluice");
    Node node = new Node(DataDirectory.open(parent, state), SluiceConfig.EMPTY);
    try {
      node.serving = true;
      Follower started = node.makeFollower(primary, security, name -> absolute, List.of(database));
      node.startServer(listen, security, false);
      node.health.start();
      started.announce(node.url());
      started.start();
      return node;
    } catch (IOException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  /** Starts a follower of the backup of one database that keeps a plain file current. */
  static Node following(
      FollowedStore store, Path copy, @Nullable ListenAddress listen, SecuritySettings security)
      throws IOException {
    Path absolute = copy.toAbsolutePath();
    Path parent = Objects.requireNonNull(absolute.getParent());
    Path state = parent.resolve("." + absolute.getFileName() + "-sluice");
    if (Files.exists(absolute) && !Files.exists(state)) {
      throw new UserException(
          copy + " is there, and no copy that follows a store",
          "move or delete it, or name another file");
    }
    Node node = new Node(DataDirectory.open(parent, state), SluiceConfig.EMPTY);
    try {
      node.serving = true;
      node.followedStore = store;
      for (Database other : node.databases.all()) {
        if (!other.name().equals(store.database())) {
          throw new UserException(
              copy + " follows " + other.name() + " until now",
              "name another file, or delete it and " + state + " to have it restored anew");
        }
      }
      StoreFollower started =
          new StoreFollower(
              store.options(node.directory.temporary()), node.databases, name -> absolute);
      node.serve(started);
      started.start();
      node.startServer(listen, security, false);
      node.health.start();
      return node;
    } catch (IOException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  /**
   * Starts a node that follows databases which applications keep themselves.
   *
   * @param file the only one; null for those below the data directory
   */
  static Node beside(SluiceConfig config, @Nullable Path file) throws IOException {
    Path data =
        required(
            config.data(),
            "no database and no directory given",
            "name a database and a store, or add --data DIR, or 'data' to the configuration");
    Neighbours neighbours = new Neighbours(data, file);
    neighbours.check();
    Node node = new Node(DataDirectory.open(data, neighbours.state()), config);
    try {
      Beside started =
          Beside.start(
              new Beside.Options(
                  data,
                  neighbours.selection(config.include(), config.exclude()),
                  file == null,
                  config.checkpointPages()),
              node.databases);
      node.beside = started;
      NodeStores opened = new NodeStores(config);
      node.stores = opened;
      node.primary =
          Primary.start(
              config,
              node.directory,
              node.databases,
              opened,
              new Snapshots(node.directory.temporary(), started::read),
              number -> started.setFollowed(number > 0),
              FollowerListener.NONE,
              null,
              0);
      node.serving = true;
      node.startServer(config.listen(), config.security(), config.hasStores());
      node.proxy = NodeProxy.start(config, node, node.metrics);
      node.health.start();
      return node;
    } catch (IOException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  /** To be started when it is known where this node listens. */
  private Follower makeFollower(
      NodeUrl from,
      SecuritySettings security,
      Follower.ReplicaFiles files,
      @Nullable List<String> only)
      throws IOException {
    followed = from;
    Follower made =
        new Follower(
            new Follower.Options(
                from.uri(),
                security.access(),
                directory.nodeId(),
                null,
                0,
                only,
                directory.temporary(),
                null),
            databases,
            files);
    serve(made);
    return made;
  }

  /** Others can follow what this node follows. */
  private void serve(Following follows) {
    follower = follows;
    databases.all().forEach(Database::mayBeBehind);
    relay =
        new StreamServer(
            databases,
            new Snapshots(directory.temporary(), follows::readPage),
            number -> {},
            FollowerListener.NONE,
            0);
  }

  private void startServer(
      @Nullable ListenAddress listen, SecuritySettings security, boolean stores)
      throws IOException {
    NodeServer started;
    if (listen != null) {
      access = security.access();
      started =
          NodeServer.start(
              listen,
              this,
              new CurrentStream(this::served, this::hasCaughtUp),
              metrics,
              security.protection());
      server = started;
    } else if (stores) {
      // For 'sluice sync' and 'sluice snapshot' only.
      started = NodeServer.startLocal(this, metrics);
      localServer = started;
    } else {
      return;
    }
    new NodeAddress(started.ownerUrl().toString(), started.ownerToken()).write(directory.state());
  }

  /**
   * Takes what a running node can take of other settings: those of {@link
   * ConfigKey#isReloadable()}.
   */
  void reload(SluiceConfig config) throws IOException {
    ClusterNode member = cluster;
    Primary p = primary;
    if (member != null) {
      member.reload(config);
    } else if (p != null) {
      p.reload(config);
    }
    health.change(config.monitoring(), config.shipping().policy().syncInterval());
  }

  /** The address of the HTTP server; null without one. */
  @Nullable String url() {
    NodeServer started = server;
    return started == null ? null : started.url().toString();
  }

  /** Waits until somebody unmounts it from outside. */
  void join() {
    Mount mounted = mount;
    try {
      if (mounted != null) {
        mounted.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Has {@code action} run when what is to be followed is not there. */
  void onUnknownDatabase(Runnable action) {
    Following f = follower;
    if (f != null) {
      f.onUnknownDatabase(action);
    }
  }

  /** True when what is to be followed is not there. */
  boolean lacksDatabase() {
    Following f = follower;
    return f != null && f.unknownDatabase() != null;
  }

  @Override
  public String nodeId() {
    return directory.nodeId();
  }

  @Override
  public String role() {
    return primary != null ? "primary" : follower != null ? "follower" : "standby";
  }

  @Override
  public long epoch() {
    ClusterNode member = cluster;
    return member == null ? 0 : member.epoch();
  }

  @Override
  public @Nullable ClusterView cluster() {
    return cluster;
  }

  @Override
  public List<NodePeer> peers() {
    Set<NodePeer> peers = new LinkedHashSet<>();
    ClusterNode member = cluster;
    if (member != null) {
      member.status().nodes().stream()
          .filter(other -> !other.nodeId().equals(nodeId()))
          .forEach(other -> peers.add(new NodePeer(other.nodeId(), other.url())));
    }
    NodeUrl from = followed;
    if (from != null) {
      peers.add(new NodePeer(null, from.toString()));
    }
    StreamServer serves = served();
    if (serves != null) {
      peers.addAll(serves.peers());
    }
    return List.copyOf(peers);
  }

  @Override
  public Access access() {
    return access;
  }

  @Override
  public List<BackupStatus> backups(String database) {
    NodeStores opened = stores;
    return opened == null ? List.of() : opened.backups(database);
  }

  @Override
  public @Nullable ProxyAddress proxy() {
    NodeProxy started = proxy;
    return started == null ? null : started.advertised();
  }

  @Override
  public @Nullable String notReady() {
    Following f = follower;
    if (!serving) {
      return "starting";
    }
    if (f == null) {
      ClusterNode member = cluster;
      return primary != null || member == null ? null : member.standingBy();
    }
    if (f.isCaughtUp()) {
      return null;
    }
    String followed = followedStore == null ? "the primary" : "the store";
    return f.isConnected()
        ? "catching up with " + followed + " for the first time"
        : "not connected to " + followed;
  }

  @Override
  public boolean connected() {
    Following f = follower;
    return f == null || f.isConnected();
  }

  @Override
  public List<FuseRequests> fuseRequests() {
    Mount mounted = mount;
    return mounted == null
        ? List.of()
        : mounted.requests().operations().stream()
            .map(o -> new FuseRequests(o.operation(), o.count(), o.nanos()))
            .toList();
  }

  @Override
  public long fuseAllocatedBytes() {
    Mount mounted = mount;
    return mounted == null ? 0 : mounted.allocatedBytes();
  }

  @Override
  public boolean capturesLate() {
    return beside != null;
  }

  @Override
  public void captureNow(String database) throws IOException {
    Capture captured = capture;
    if (captured != null) {
      captured.captureNow(database);
    }
    Beside followed = beside;
    if (followed != null) {
      followed.captureNow(database);
    }
  }

  @Override
  public List<StoreUsage> storeUsage() {
    FollowedStore followed = followedStore;
    if (followed != null) {
      return List.of(followed.usage());
    }
    Primary p = primary;
    return p == null ? List.of() : p.storeUsage();
  }

  @Override
  public @Nullable CompletableFuture<Position> sync(Database database) {
    Shipper s = shipper();
    return s == null || !s.ships(database) ? null : s.sync(database);
  }

  @Override
  public @Nullable CompletableFuture<Position> snapshot(Database database) {
    Shipper s = shipper();
    return s == null || !s.ships(database) ? null : s.snapshot(database);
  }

  @Override
  public long clockOffsetMillis() {
    Following f = follower;
    return f == null ? 0 : f.clockOffsetMillis();
  }

  @Override
  public long freeDiskBytes() {
    // 0 is what it says when it can't tell, too.
    long free = directory.state().toFile().getUsableSpace();
    return free > 0 || directory.state().toFile().getTotalSpace() > 0 ? free : -1;
  }

  @Override
  public List<HealthProblem> health() {
    return health.ofNode();
  }

  @Override
  public EventLog events() {
    return events;
  }

  @Override
  public Databases databases() {
    return databases;
  }

  @Override
  public List<DatabaseStatus> status() {
    return databases.all().stream().map(this::status).toList();
  }

  @Override
  public List<DatabaseStatus> recentStatus() {
    List<DatabaseStatus> seen = health.databases();
    return seen == null ? status() : seen;
  }

  @Override
  public @Nullable DatabaseStatus status(String name) {
    Database database = databases.get(name);
    return database == null ? null : status(database);
  }

  private DatabaseStatus status(Database database) {
    String name = database.name();
    Primary p = primary;
    Shipper s = shipper();
    Following f = follower;
    List<StoreStatus> stores = p == null ? List.of() : p.stores(name);
    String error = f == null ? null : f.error(name);
    Beside b = beside;
    if (error == null && b != null) {
      error = b.error(name);
    }
    if (error == null && s != null) {
      error = s.error(name);
    }
    if (error == null) {
      error = stores.stream().map(Node::damage).filter(Objects::nonNull).findFirst().orElse(null);
    }
    return new DatabaseStatus(
        name,
        database.position().toString(),
        database.applied().toString(),
        database.pageSize(),
        database.pageCount(),
        database.lastCommitMillis(),
        database.log().sizeBytes(),
        // Zero where there is none; that costs no exception.
        directory.path().resolve(name + "-wal").toFile().length(),
        gaps.of(name),
        stores,
        f == null ? null : f.status(name),
        error,
        health.of(name));
  }

  private static @Nullable String damage(StoreStatus store) {
    VerificationStatus found = store.verification();
    return found != null && found.isBad() ? found.error() : null;
  }

  /** Stops serving, unmounts, cuts what was written last, ships what remains. Idempotent. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    serving = false;
    IOException failure = null;
    Mount held = mount;
    Closeable unmount = held == null ? null : () -> held.close(UNMOUNT_GRACE_MILLIS);
    ClusterNode member = cluster;
    if (member != null) {
      member.stop();
    }
    Primary p = primary;
    Closeable stopServing = p == null ? null : p::stopServing;
    for (Closeable part :
        Arrays.asList(
            () -> NodeAddress.delete(directory.state()),
            health,
            proxy,
            stopServing,
            relay,
            server,
            localServer,
            follower,
            followedStore,
            mounted,
            unmount,
            capture,
            beside,
            p,
            member,
            databases,
            directory)) {
      try {
        if (part != null) {
          part.close();
        }
      } catch (IOException | RuntimeException e) {
        log.error("stopping: {}", e.getMessage());
        log.debug("stopping", e);
        failure = e instanceof IOException io ? io : new IOException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
