package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.capture.Capture;
import dev.sluice.cli.DurabilitySettings.Mode;
import dev.sluice.cluster.Cluster;
import dev.sluice.cluster.Roles;
import dev.sluice.cluster.StaticRole;
import dev.sluice.durability.FollowerDurability;
import dev.sluice.durability.StoreDurability;
import dev.sluice.follow.Follower;
import dev.sluice.follow.FollowerListener;
import dev.sluice.follow.Member;
import dev.sluice.lease.Lease;
import dev.sluice.lease.LeaseRecord;
import dev.sluice.lease.Register;
import dev.sluice.lease.Registers;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.ship.RollForward;
import dev.sluice.ship.Shipper;
import dev.sluice.ship.Shipper.Destination;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The roles of a mounted node in a cluster: starts and stops what each of them runs. Called by
 * {@link Cluster}, one call at a time; what it says of the cluster is safe for use by many threads.
 *
 * <pre>
 *   takes commits while   the lease is held, and lead() has opened the gate
 *   lead                  apply what was received ─► capture cuts ─► gate opens ─► locks are let go
 *   follow                gate is shut ─► replica writers take the locks ─► capture lets them write
 * </pre>
 */
final class ClusterNode implements Roles, ClusterView, Closeable {
  private static final Logger log = LoggerFactory.getLogger(ClusterNode.class);

  /** For what was received to be applied before this node leads. */
  private static final long APPLY_MILLIS = 10_000;

  /** For the stores to be this node's, and to have what it has. */
  private static final long STORES_MILLIS = 30_000;

  /** For a follower to get everything before this node stops. */
  private static final long STOP_MILLIS = 5_000;

  /** A request for the lease that hangs is given up in time for another. */
  private static final int REQUESTS_PER_TTL = 4;

  private static final long ASK_MILLIS = 1_000;
  private static final long POLL_MILLIS = 2;

  private volatile SluiceConfig config;

  /**
   * How other nodes are asked: its token allows everything, as nodes ask each other to hand over.
   */
  private final Access access;

  private final Node node;
  private final DataDirectory directory;
  private final Databases databases;
  private final ClusterState state;
  private @Nullable Lease lease;
  private @Nullable Cluster cluster;
  private @Nullable MountedDatabases files;
  private @Nullable NodeStores stores;
  private @Nullable Snapshots snapshots;

  /** The power was lost since what this node committed was made durable. */
  private volatile boolean forgetful;

  /** What is in the record of the lease at the begin of a term. */
  private @Nullable List<String> firstInSync;

  /** Open between {@link #lead} and whatever ends that role. */
  private final ClusterGuard guard = new ClusterGuard();

  private volatile @Nullable Primary primary;
  private volatile @Nullable Follower follower;
  private volatile long epoch;

  /** For the thread that changes the role. */
  private long followedTerm;

  private ClusterNode(
      SluiceConfig config, Access access, Node node, DataDirectory directory, ClusterState state) {
    this.config = config;
    this.access = access;
    this.node = node;
    this.directory = directory;
    this.databases = node.databases();
    this.state = state;
    this.epoch = state.epoch();
    this.forgetful =
        databases.all().stream()
            .anyMatch(database -> databases.lastEnd().isPowerLoss(database.name()));
  }

  /** Reads what the node knows of its cluster. */
  static ClusterNode open(SluiceConfig config, Node node, DataDirectory directory)
      throws IOException {
    return new ClusterNode(
        config, config.security().access(), node, directory, ClusterState.open(directory.state()));
  }

  /** Whether it followed when it ended: its files may be behind the logs. */
  boolean followedLast() {
    return state.follows();
  }

  /**
   * Before the mount: what the files have is in the logs, and from now on only a primary commits.
   */
  void guard(Capture captured) {
    if (state.follows()) {
      databases.all().forEach(Database::mayBeBehind);
    } else {
      captured.recoverAll();
    }
    databases.guard(guard);
  }

  /** Begins to take part, when the mount and the HTTP server are there. */
  void start(MountedDatabases mounted, NodeStores opened, Snapshots made, Runnable leaveToOthers)
      throws IOException {
    files = mounted;
    stores = opened;
    snapshots = made;
    String url =
        config.cluster().advertise() != null ? config.cluster().advertise().toString() : node.url();
    Duration ttl = config.cluster().ttl();
    Lease asked = new Lease(register(ttl), directory.nodeId(), url, ttl, Lease.Clocks.SYSTEM);
    lease = asked;
    guard.start(asked, leaveToOthers);
    Cluster started = new Cluster(asked, directory.nodeId(), this, this::heard);
    cluster = started;
    started.start();
  }

  /** What the next primary of this node is started with, and what the present one can take. */
  void reload(SluiceConfig changed) throws IOException {
    config = changed;
    Primary leads = primary;
    if (leads != null) {
      leads.reload(changed);
    }
    NodeStores opened = stores;
    if (opened != null) {
      opened.limit(changed.shipping().bandwidth());
    }
  }

  private Register register(Duration ttl) throws IOException {
    ClusterSettings settings = config.cluster();
    if (settings.isStaticFollower()) {
      NodeUrl from = Objects.requireNonNull(config.follow());
      return StaticRole.follower(
          new NodeClient(URI.create(from.toString()), access), from.toString(), ttl);
    }
    return settings.isStatic()
        ? StaticRole.primary(epoch, ttl)
        : Registers.open(Objects.requireNonNull(settings.lease()), ttl.dividedBy(REQUESTS_PER_TTL));
  }

  private void heard(long now) {
    if (now > epoch) {
      try {
        state.heard(now);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      epoch = now;
    }
  }

  long epoch() {
    return epoch;
  }

  /** What a node without a role waits for. */
  String standingBy() {
    Cluster c = cluster;
    String problem = c == null ? null : c.problem();
    return problem == null ? "waiting for the cluster to have a primary" : problem;
  }

  private DurabilitySettings settings() {
    return config.cluster().durability();
  }

  @Override
  public @Nullable List<String> inSync(@Nullable LeaseRecord before, boolean forced) {
    List<String> nodes = before == null ? null : before.inSync();
    if (settings().mode() != Mode.FOLLOWER || nodes == null) {
      // Then nothing was promised, or nothing is.
      firstInSync = null;
    } else {
      // Those beside a node that takes over by force have more than it, and another history.
      firstInSync =
          forced
              ? List.of()
              : nodes.stream().filter(node -> !node.equals(directory.nodeId())).toList();
    }
    return firstInSync;
  }

  @Override
  public boolean isForgetful() {
    return forgetful;
  }

  @Override
  public void lead(long term) throws IOException {
    Follower following = follower;
    if (following == null && state.follows()) {
      // After a restart: what was received before may not be applied.
      following = follower(URI.create("http://nobody"), term);
      following.apply();
      follower = following;
    }
    if (following != null && !following.finish(APPLY_MILLIS)) {
      throw notApplied();
    }
    if (settings().mode() == Mode.STORE) {
      following = takeFromStores(following, term);
    }
    state.leads(term);
    forgetful = false;
    switch (settings().mode()) {
      case ASYNC -> open(following, FollowerListener.NONE, term);
      case FOLLOWER -> open(following, awaitFollowers(term), term);
      case STORE -> {
        awaitStores(term);
        open(following, FollowerListener.NONE, term);
      }
    }
    node.roles(primary, null);
  }

  /** Lets applications write, and serves followers. */
  private void open(@Nullable Follower following, FollowerListener followers, long term)
      throws IOException {
    guard.open();
    if (following != null) {
      following.close();
      follower = null;
    }
    Objects.requireNonNull(files).close();
    if (primary == null) {
      primary = startPrimary(followers, null, term);
    }
  }

  private static IOException notApplied() {
    return new IOException(
        "this node can't become the primary: what it has received is not applied; 'sluice status' says why");
  }

  /**
   * Applies what the stores have and this node never got: it was acknowledged.
   *
   * @return what keeps applications from writing until this node leads
   */
  private @Nullable Follower takeFromStores(@Nullable Follower following, long term)
      throws IOException {
    NodeStores from = Objects.requireNonNull(stores);
    Set<String> names = new TreeSet<>(from.databases());
    databases.all().forEach(database -> names.add(database.name()));
    boolean taken = false;
    for (String name : names) {
      taken |= takeFromStores(databases.open(name), from.destinations(name));
    }
    if (!taken) {
      return following;
    }
    Follower applying = following;
    if (applying == null) {
      applying = follower(URI.create("http://nobody"), term);
      follower = applying;
    }
    applying.apply();
    if (!applying.finish(APPLY_MILLIS)) {
      throw notApplied();
    }
    return applying;
  }

  /** Each of the stores has what was acknowledged: one is enough. */
  private boolean takeFromStores(Database database, List<Destination> places) throws IOException {
    boolean taken = false;
    int asked = 0;
    IOException failure = null;
    for (Destination place : places) {
      try {
        // Should this process end before it is applied, the files are behind the log, as a
        // follower's.
        taken |= RollForward.run(database, place, state::followsNow, directory.temporary());
        asked++;
      } catch (IOException e) {
        log.warn("{}: {}", place.url(), e.getMessage());
        failure = e;
      }
    }
    if (asked == 0 && failure != null) {
      throw failure;
    }
    return taken;
  }

  /** Has commits of this term wait for followers. */
  private FollowerListener awaitFollowers(long term) {
    Lease held = Objects.requireNonNull(lease);
    FollowerDurability started =
        new FollowerDurability(
            settings().policy(),
            firstInSync,
            databases,
            nodes -> held.keepInSync(term, nodes),
            node.metrics().durability());
    guard.await(started);
    started.start();
    return started;
  }

  /**
   * Has commits of this term wait for stores. Those are this node's only after a while, when it is
   * certain that the last one has stopped: applications still wait meanwhile.
   */
  private void awaitStores(long term) throws IOException {
    StoreDurability made = new StoreDurability(settings().policy(), node.metrics().durability());
    guard.await(made);
    Primary started = startPrimary(FollowerListener.NONE, made, term);
    primary = started;
    made.shipper(Objects.requireNonNull(started.shipper()));
    if (!made.awaitAll(databases.all(), STORES_MILLIS)) {
      log.warn("the stores do not have everything yet; commits wait for that");
    }
  }

  private Primary startPrimary(
      FollowerListener followers, Shipper.@Nullable Progress awaits, long term) throws IOException {
    return Primary.start(
        config,
        directory,
        databases,
        Objects.requireNonNull(stores),
        Objects.requireNonNull(snapshots),
        number -> {},
        followers,
        awaits,
        term);
  }

  @Override
  public void follow(URI from, long term) throws IOException {
    leave();
    state.followsNow();
    followedTerm = term;
    Follower started = follower(from, term);
    started.onPrimaryInDoubt(() -> Objects.requireNonNull(cluster).wake());
    follower = started;
    node.roles(null, started);
    started.start();
  }

  private Follower follower(URI from, long term) {
    return new Follower(
        new Follower.Options(
            from,
            access,
            directory.nodeId(),
            Objects.requireNonNull(lease).url(),
            term,
            null,
            directory.temporary(),
            state.committed() ? directory.state().resolve("aside") : null),
        databases,
        Objects.requireNonNull(files));
  }

  @Override
  public void standBy() {
    leave();
    node.roles(null, null);
  }

  /** Ends the role; nothing is committed any more. */
  private void leave() {
    guard.shut();
    Primary leading = primary;
    if (leading != null) {
      primary = null;
      leading.abandon();
    }
    Follower following = follower;
    if (following != null) {
      follower = null;
      following.close();
    }
  }

  @Override
  public boolean isConnected() throws IOException {
    Follower following = follower;
    if (following != null && following.isCaughtUp()) {
      state.caughtUp(followedTerm);
      forgetful = false;
    }
    return following != null && following.isConnected();
  }

  @Override
  public boolean missed(long term) {
    return state.missed(term);
  }

  @Override
  public boolean isBehindOthers() {
    Follower following = follower;
    return following != null
        && new OtherFollowers(access, directory.nodeId(), databases)
            .isOneAhead(following.members());
  }

  @Override
  public void prepareHandOff(String successor, long timeoutMillis) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    Primary leading = Objects.requireNonNull(primary);
    String url =
        leading.stream().members().stream()
            .filter(member -> member.node().equals(successor))
            .map(Member::url)
            .filter(Objects::nonNull)
            .findFirst()
            .orElseThrow(
                () ->
                    new IOException(
                        "node "
                            + successor
                            + " does not follow this one, or listens nowhere; 'sluice cluster' lists those that do"));
    NodeClient client = new NodeClient(URI.create(url), access);
    // Most of it first, while applications write on.
    awaitAll(client, deadline);
    MountedDatabases all = Objects.requireNonNull(files);
    try {
      all.hold(databases, deadline);
      awaitAll(client, deadline);
      if (settings().mode() == Mode.FOLLOWER) {
        // This node is in the set that the other begins with: it must not forget anything.
        for (Database database : databases.all()) {
          database.log().sync();
        }
      }
      if (settings().mode() == Mode.STORE) {
        leading.handOverStores();
      }
    } catch (IOException | RuntimeException e) {
      all.close();
      throw e;
    }
  }

  /** Waits until another node has applied what every database has now. */
  private void awaitAll(NodeClient client, long deadlineNanos) throws IOException {
    for (Database database : databases.all()) {
      Position position = database.position();
      if (position.equals(Position.NONE)) {
        continue;
      }
      long left = Math.max(POLL_MILLIS, (deadlineNanos - System.nanoTime()) / 1_000_000);
      if (!client.await(database.name(), position, Duration.ofMillis(left)).reached()) {
        throw new IOException(
            database.name() + ": the other node does not have " + position + " within the time");
      }
    }
  }

  @Override
  public ClusterStatus status() {
    Cluster c = cluster;
    Lease l = lease;
    LeaseRecord record = c == null ? null : c.lease();
    List<ClusterMember> nodes = new ArrayList<>();
    nodes.add(new ClusterMember(directory.nodeId(), l == null ? null : l.url()));
    Primary leading = primary;
    Follower following = follower;
    if (record != null && record.holder() != null && !record.holder().equals(directory.nodeId())) {
      nodes.add(new ClusterMember(record.holder(), record.url()));
    }
    List<Member> members =
        leading != null
            ? leading.stream().members()
            : following != null ? following.members() : List.of();
    for (Member member : members) {
      if (nodes.stream().noneMatch(known -> known.nodeId().equals(member.node()))) {
        nodes.add(new ClusterMember(member.node(), member.url()));
      }
    }
    boolean leads = leading != null;
    return new ClusterStatus(
        String.valueOf(l),
        epoch,
        leads ? directory.nodeId() : record == null ? null : record.holder(),
        l == null ? 0 : l.leftMillis(),
        c == null ? null : c.problem(),
        durabilityStatus(record),
        nodes);
  }

  private DurabilityStatus durabilityStatus(@Nullable LeaseRecord record) {
    return primary != null
        ? guard.durability().status()
        : new DurabilityStatus(
            EnumNames.name(settings().mode()), record == null ? null : record.inSync(), null);
  }

  @Override
  public CompletableFuture<Void> handOff(String successor, long timeoutMillis) {
    if (config.cluster().isStatic()) {
      return isConfigured();
    }
    Primary leading = primary;
    Cluster c = cluster;
    if (leading == null || c == null) {
      return CompletableFuture.failedFuture(new IOException("this node is not the primary"));
    }
    String id =
        leading.stream().members().stream()
            .filter(member -> successor.equals(member.url()))
            .map(Member::node)
            .findFirst()
            .orElse(successor);
    return c.handOff(id, timeoutMillis);
  }

  @Override
  public CompletableFuture<Void> promote(long timeoutMillis, boolean force) {
    if (config.cluster().isStatic()) {
      return isConfigured();
    }
    Cluster c = cluster;
    LeaseRecord record = c == null ? null : c.lease();
    if (primary != null) {
      return CompletableFuture.failedFuture(new IOException("this node is the primary already"));
    }
    if (force && c != null) {
      return c.force();
    }
    if (record == null || record.holder() == null || record.url() == null) {
      return CompletableFuture.failedFuture(
          new IOException("there is no primary that could hand over; a node takes over by itself"));
    }
    String url = record.url();
    return CompletableFuture.runAsync(
        () -> {
          try {
            new NodeClient(URI.create(url), access)
                .handOff(directory.nodeId(), Duration.ofMillis(timeoutMillis));
          } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
          }
        });
  }

  private static CompletableFuture<Void> isConfigured() {
    return CompletableFuture.failedFuture(
        new IOException(
            "the roles of this cluster are configured: stop the primary, and start another node with --lease static:primary"));
  }

  /**
   * Before the node stops: a primary hands over to a follower if there is one, so that nothing that
   * it has committed is missing there. Then changes the role no more.
   */
  void stop() {
    Cluster c = cluster;
    if (c == null) {
      return;
    }
    Primary leading = primary;
    if (leading != null && !config.cluster().isStatic()) {
      leading.stream().members().stream()
          .filter(member -> member.url() != null)
          .findFirst()
          .ifPresent(member -> handOffBeforeStop(c, member));
    }
    c.stop();
  }

  private static void handOffBeforeStop(Cluster cluster, Member to) {
    try {
      cluster.handOff(to.node(), STOP_MILLIS).get(STOP_MILLIS + ASK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.warn("stopping without having handed over to {}: {}", to.node(), e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Gives the lease back. */
  @Override
  public void close() throws IOException {
    guard.shut();
    Cluster c = cluster;
    if (c != null) {
      c.close();
    }
  }
}
