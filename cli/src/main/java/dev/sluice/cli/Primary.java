package dev.sluice.cli;

import dev.sluice.follow.FollowerListener;
import dev.sluice.follow.StreamServer;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.StoreUsage;
import dev.sluice.ship.Shipper;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.verify.Verifier;
import java.io.Closeable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a node runs while applications write to its databases: the stream for followers, shipping to
 * stores, and the verification of backups. Safe for use by many threads.
 */
final class Primary implements Closeable {

  private final StreamServer stream;
  private final NodeStores stores;
  private @Nullable Shipper shipper;
  private @Nullable Verifier verifier;

  private Primary(StreamServer stream, NodeStores stores) {
    this.stream = stream;
    this.stores = stores;
  }

  /**
   * Starts all of it.
   *
   * @param followers is told how many there are
   * @param cluster is told of those that are nodes of the cluster
   * @param awaits is told what stores have; null when no commit waits for that
   * @param epoch of this node's term; 0 without a lease
   */
  static Primary start(
      SluiceConfig config,
      DataDirectory directory,
      Databases databases,
      NodeStores stores,
      Snapshots snapshots,
      IntConsumer followers,
      FollowerListener cluster,
      Shipper.@Nullable Progress awaits,
      long epoch)
      throws IOException {
    Primary primary =
        new Primary(new StreamServer(databases, snapshots, followers, cluster, epoch), stores);
    try {
      primary.ship(config, directory, databases, snapshots, awaits, epoch);
      return primary;
    } catch (IOException | RuntimeException e) {
      primary.close();
      throw e;
    }
  }

  private void ship(
      SluiceConfig config,
      DataDirectory directory,
      Databases databases,
      Snapshots snapshots,
      Shipper.@Nullable Progress awaits,
      long epoch)
      throws IOException {
    if (!config.hasStores()) {
      return;
    }
    Shipper started =
        new Shipper(
            directory.nodeId(),
            databases,
            stores::destinations,
            snapshots,
            config.shipping().policy(),
            new LogLimits(
                config.shipping().logKeep().bytes(), config.shipping().logLimit().bytes()),
            Clock.systemUTC(),
            epoch > 0,
            awaits);
    shipper = started;
    started.start();
    verify(config.shipping().verifyInterval(), directory, databases, started);
  }

  private void verify(
      Duration interval, DataDirectory directory, Databases databases, Shipper shipping)
      throws IOException {
    Verifier.deleteLeftOvers(directory.state());
    if (interval.isZero()) {
      return;
    }
    Verifier started =
        new Verifier(
            () ->
                databases.all().stream()
                    .flatMap(database -> backups(database, directory, shipping))
                    .toList(),
            interval,
            directory.state(),
            new SqliteCheck(),
            Clock.systemUTC());
    verifier = started;
    started.start();
  }

  private Stream<Verifier.Backup> backups(
      Database database, DataDirectory directory, Shipper shipping) {
    String name = database.name();
    Map<String, Position> shipped = new HashMap<>();
    for (StoreStatus store : shipping.status(name)) {
      if (store.shipped() != null) {
        shipped.put(store.url(), Position.parse(store.shipped()));
      }
    }
    return stores.destinations(name).stream()
        .map(
            to ->
                new Verifier.Backup(
                    name,
                    directory.path().resolve(name),
                    (long) database.pageSize() * database.pageCount(),
                    shipped.get(to.url()),
                    to));
  }

  StreamServer stream() {
    return stream;
  }

  /** Null without a store. */
  @Nullable Shipper shipper() {
    return shipper;
  }

  List<StoreUsage> storeUsage() {
    Shipper s = shipper;
    return s == null ? List.of() : stores.usage(s.keptBytes());
  }

  /** What the stores have of a database, and how its backups were found. */
  List<StoreStatus> stores(String database) {
    Shipper s = shipper;
    Verifier v = verifier;
    if (s == null) {
      return List.of();
    }
    List<StoreStatus> stores = s.status(database);
    return v == null
        ? stores
        : stores.stream()
            .map(store -> store.withVerification(v.status(database, store.url())))
            .toList();
  }

  /** Ends the streams, and what would hold up a stop. */
  void stopServing() {
    stream.close();
    if (verifier != null) {
      verifier.close();
    }
  }

  /** Ships what remains, for as long as that may take at the end of a process. */
  @Override
  public void close() throws IOException {
    stopServing();
    if (shipper != null) {
      shipper.close();
    }
  }

  /** Ships no more, when all is shipped: another node does, at once. */
  void handOverStores() {
    if (shipper != null) {
      shipper.handOver();
    }
  }

  /** Ships no more: another node does. */
  void abandon() {
    stopServing();
    if (shipper != null) {
      shipper.abandon();
    }
  }
}
