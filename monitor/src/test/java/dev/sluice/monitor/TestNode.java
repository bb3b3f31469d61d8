package dev.sluice.monitor;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.node.BackupStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.EventLog;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodePeer;
import dev.sluice.node.NodeView;
import dev.sluice.node.Prices;
import dev.sluice.node.StoreUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A node over real databases, whose state a test sets. */
final class TestNode implements NodeView, AutoCloseable {
  static final int PAGE_SIZE = 512;

  final Databases databases;
  volatile String nodeId = "00000000deadbeef";
  volatile String role = "primary";
  volatile @Nullable String notReady;
  volatile boolean connected = true;
  volatile DatabaseStatus.@Nullable StoreStatus store;
  volatile DatabaseStatus.@Nullable FollowStatus follow;
  volatile long gaps;
  volatile @Nullable String error;
  volatile List<HealthProblem> health = List.of();
  volatile List<HealthProblem> databaseHealth = List.of();
  volatile long freeDiskBytes = 1L << 40;
  final EventLog events = new EventLog();
  volatile @Nullable String captured;
  volatile @Nullable CompletableFuture<Position> stored;
  volatile @Nullable ClusterView cluster;
  volatile List<NodePeer> peers = List.of();
  volatile List<BackupStatus> backups = List.of();

  TestNode(Path directory) throws IOException {
    databases = Databases.open(directory);
  }

  /** Commits one page of {@code value}s to {@code name}, which is made when it is not there. */
  Position commit(String name, int value) throws IOException {
    Database database = databases.open(name);
    database.commit(
        PAGE_SIZE,
        1,
        new int[] {1},
        1,
        (pgno, target) -> {
          while (target.hasRemaining()) {
            target.put((byte) value);
          }
        });
    return database.position();
  }

  @Override
  public String nodeId() {
    return nodeId;
  }

  @Override
  public String role() {
    return role;
  }

  @Override
  public @Nullable String notReady() {
    return notReady;
  }

  @Override
  public boolean connected() {
    return connected;
  }

  @Override
  public EventLog events() {
    return events;
  }

  @Override
  public long freeDiskBytes() {
    return freeDiskBytes;
  }

  @Override
  public List<HealthProblem> health() {
    return health;
  }

  @Override
  public List<FuseRequests> fuseRequests() {
    return List.of(new FuseRequests("write", 17, 2_500_000_000L));
  }

  @Override
  public long fuseAllocatedBytes() {
    return 4711;
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
  public @Nullable DatabaseStatus status(String name) {
    Database database = databases.get(name);
    return database == null ? null : status(database);
  }

  private DatabaseStatus status(Database database) {
    return new DatabaseStatus(
        database.name(),
        database.position().toString(),
        database.applied().toString(),
        database.pageSize(),
        database.pageCount(),
        database.lastCommitMillis(),
        4_096,
        0,
        gaps,
        store == null ? List.of() : List.of(store),
        follow,
        error,
        databaseHealth);
  }

  @Override
  public void captureNow(String database) {
    captured = database;
  }

  @Override
  public List<StoreUsage> storeUsage() {
    StoreUsage.Requests requests = new StoreUsage.Requests(10, 2, 3, 1, 4, 5_000, 600);
    return List.of(
        new StoreUsage(
            "s3://backup",
            requests,
            requests.since(requests, 1),
            1,
            7_000,
            requests.microDollars(Prices.S3_STANDARD)));
  }

  @Override
  public List<NodePeer> peers() {
    return peers;
  }

  @Override
  public List<BackupStatus> backups(String database) {
    return backups;
  }

  @Override
  public @Nullable ClusterView cluster() {
    return cluster;
  }

  @Override
  public @Nullable CompletableFuture<Position> sync(Database database) {
    return stored;
  }

  @Override
  public @Nullable CompletableFuture<Position> snapshot(Database database) {
    return stored;
  }

  @Override
  public void close() {
    databases.close();
  }
}
