package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.capture.Capture;
import dev.sluice.cluster.Cluster;
import dev.sluice.cluster.Roles;
import dev.sluice.follow.Follower;
import dev.sluice.follow.Member;
import dev.sluice.lease.Lease;
import dev.sluice.lease.LeaseRecord;
import dev.sluice.lease.Registers;
import dev.sluice.log.CommitGuard;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.NodeClient;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** For a follower to get everything before this node stops. */
  private static final long STOP_MILLIS = 5_000;

  /** A request for the lease that hangs is given up in time for another. */
  private static final int REQUESTS_PER_TTL = 4;

  private static final long ASK_MILLIS = 1_000;
  private static final long POLL_MILLIS = 2;

  private final SluiceConfig config;

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

  /** Open between {@link #lead} and whatever ends that role. */
  private volatile boolean gate;

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
    if (!state.follows()) {
      captured.recoverAll();
    }
    databases.guard(
        new CommitGuard() {
          @Override
          public void beforeCommit(String database) throws IOException {
            if (!mayCommit()) {
              throw new IOException("this node is not the primary; write there");
            }
          }

          @Override
          public void afterCommit(Database database, Position position) throws IOException {
            if (!mayCommit()) {
              throw new IOException(
                  "the lease ran out while " + position + " was committed; it is taken back");
            }
          }
        });
  }

  private boolean mayCommit() {
    Lease held = lease;
    return gate && held != null && held.isHeld();
  }

  /** Begins to take part, when the mount and the HTTP server are there. */
  void start(MountedDatabases mounted, NodeStores opened, Snapshots made) throws IOException {
    files = mounted;
    stores = opened;
    snapshots = made;
    String url =
        config.cluster().advertise() != null ? config.cluster().advertise().toString() : node.url();
    Duration ttl = config.cluster().ttlOrDefault();
    Lease asked =
        new Lease(
            Registers.open(
                Objects.requireNonNull(config.cluster().lease()), ttl.dividedBy(REQUESTS_PER_TTL)),
            directory.nodeId(),
            url,
            ttl,
            Lease.Clocks.SYSTEM);
    lease = asked;
    Cluster started = new Cluster(asked, directory.nodeId(), this, this::heard);
    cluster = started;
    started.start();
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
      throw new IOException(
          "this node can't become the primary: what it has received is not applied; 'sluice status' says why");
    }
    state.leads(term);
    gate = true;
    if (following != null) {
      following.close();
      follower = null;
    }
    Objects.requireNonNull(files).close();
    primary =
        Primary.start(
            config,
            directory,
            databases,
            Objects.requireNonNull(stores),
            Objects.requireNonNull(snapshots),
            number -> {},
            term);
    node.roles(primary, null);
  }

  @Override
  public void follow(URI from, long term) throws IOException {
    leave();
    state.followsNow();
    followedTerm = term;
    Follower started = follower(from, term);
    started.onDisconnected(() -> Objects.requireNonNull(cluster).wake());
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
    gate = false;
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
    if (following == null) {
      return false;
    }
    List<CompletableFuture<Boolean>> asked = new ArrayList<>();
    for (Member member : following.members()) {
      String url = member.url();
      if (url != null && !member.node().equals(directory.nodeId())) {
        asked.add(CompletableFuture.supplyAsync(() -> isAhead(url)));
      }
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ASK_MILLIS);
    for (CompletableFuture<Boolean> one : asked) {
      try {
        if (one.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          return true;
        }
      } catch (ExecutionException | TimeoutException e) {
        log.debug("a node that does not answer is not waited for", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  /** Whether another follower has more transactions. */
  private boolean isAhead(String url) {
    try {
      Map<String, Long> theirs = new HashMap<>();
      for (DatabaseStatus database : new NodeClient(URI.create(url), access).status().databases()) {
        theirs.put(database.name(), Position.parse(database.position()).txid());
      }
      long more = 0;
      for (Database database : databases.all()) {
        more += theirs.getOrDefault(database.name(), 0L) - database.position().txid();
        theirs.remove(database.name());
      }
      return more + theirs.values().stream().mapToLong(Long::longValue).sum() > 0;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
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
        nodes);
  }

  @Override
  public CompletableFuture<Void> handOff(String successor, long timeoutMillis) {
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
  public CompletableFuture<Void> promote(long timeoutMillis) {
    Cluster c = cluster;
    LeaseRecord record = c == null ? null : c.lease();
    if (primary != null) {
      return CompletableFuture.failedFuture(new IOException("this node is the primary already"));
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
    if (leading != null) {
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
    Cluster c = cluster;
    if (c != null) {
      c.close();
    }
  }
}
