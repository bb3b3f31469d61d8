package dev.sluice.monitor.health;

import dev.sluice.log.Databases;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.node.EventLog;
import dev.sluice.node.NodeView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A node over real databases that says of itself what a test sets. */
final class WatchedNode implements NodeView, AutoCloseable {
  private final Databases databases;
  private final EventLog events;
  String role = "primary";
  long epoch;
  boolean connected = true;
  long freeDiskBytes = 1L << 40;
  @Nullable StoreStatus store;
  @Nullable FollowStatus follow;
  @Nullable String error;

  /** Null without a cluster. */
  @Nullable Member member;

  /** What a cluster says. */
  record Member(@Nullable String problem, @Nullable String degraded) {}

  WatchedNode(Path directory, Clock clock) throws IOException {
    databases = Databases.open(directory);
    events = new EventLog(clock);
  }

  void open(String... names) throws IOException {
    for (String name : names) {
      databases.open(name);
    }
  }

  @Override
  public String nodeId() {
    return "00000000deadbeef";
  }

  @Override
  public String role() {
    return role;
  }

  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  public @Nullable String notReady() {
    return role.equals("standby") ? "waiting for the cluster to have a primary" : null;
  }

  @Override
  public boolean connected() {
    return connected;
  }

  @Override
  public long freeDiskBytes() {
    return freeDiskBytes;
  }

  @Override
  public Databases databases() {
    return databases;
  }

  @Override
  public EventLog events() {
    return events;
  }

  @Override
  public @Nullable ClusterView cluster() {
    Member of = member;
    return of == null ? null : new View(of);
  }

  private record View(Member of) implements ClusterView {
    @Override
    public ClusterStatus status() {
      return new ClusterStatus(
          "file:///lease",
          3,
          null,
          0,
          of.problem(),
          new DurabilityStatus("follower", null, of.degraded()),
          List.of());
    }

    @Override
    public CompletableFuture<Void> handOff(String node, long timeoutMillis) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> promote(long timeoutMillis, boolean force) {
      return CompletableFuture.completedFuture(null);
    }
  }

  @Override
  public List<DatabaseStatus> status() {
    List<DatabaseStatus> all = new ArrayList<>();
    databases
        .all()
        .forEach(
            database ->
                all.add(
                    new DatabaseStatus(
                        database.name(),
                        database.position().toString(),
                        database.applied().toString(),
                        512,
                        1,
                        0,
                        0,
                        0,
                        store == null ? List.of() : List.of(store),
                        follow,
                        error)));
    return all;
  }

  @Override
  public @Nullable DatabaseStatus status(String name) {
    return status().stream().filter(of -> of.name().equals(name)).findFirst().orElse(null);
  }

  @Override
  public void close() {
    databases.close();
  }
}
