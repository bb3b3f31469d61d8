package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.WriterClaim.TakingOverException;
import dev.sluice.ship.WriterClaim.Writer;
import dev.sluice.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ships every database of a node to its places in stores: what was committed within an interval
 * becomes one file, and files are merged, superseded by snapshots and deleted as {@link
 * ShippingPolicy} says. A database without a commit makes no request. What can't be shipped stays
 * in the log and is tried again; no transaction is left out. Stores are independent of each other:
 * each has threads of its own, and what one lacks is kept for it. Safe for use by many threads.
 */
public final class Shipper implements DatabaseListener, Closeable {
  private static final Logger log = LoggerFactory.getLogger(Shipper.class);

  /** How often, in transactions, a log is looked at that a store does not take. */
  private static final int LIMIT_EVERY = 1024;

  private static final long CLOSE_MILLIS = 30_000;

  private static final String NOT_SHIPPED = "not shipped";
  private static final String NOT_MERGED = "not merged";

  private final Writer self;
  private final Databases databases;
  private final Function<String, List<Destination>> destinations;
  private final Snapshots snapshots;
  private volatile ShippingPolicy policy;
  private final LogLimits logLimits;
  private final boolean takesOver;
  private final @Nullable Progress progress;
  private final Clock clock;
  private final Map<String, List<ShippedDatabase>> shipped = new ConcurrentHashMap<>();
  private final Map<String, StoreThreads> threads = new ConcurrentHashMap<>();
  private volatile boolean closing;
  private volatile boolean closed;

  /**
   * Where a database is shipped to.
   *
   * @param store safe for use by many threads; not closed by the shipper
   * @param layout of the files in it
   * @param url for people
   * @param group destinations that are away together have the same: they share threads
   */
  public record Destination(ObjectStore store, StoreLayout layout, String url, String group) {}

  /**
   * How much of the log of a database stays.
   *
   * @param keepBytes for followers, once every store has it
   * @param maxBytes at most: when a store has been away for so long that the log is larger, what it
   *     lacks is deleted nevertheless, and it gets a snapshot instead
   */
  public record LogLimits(long keepBytes, long maxBytes) {}

  /** Is told what becomes of transactions, by those who wait for that. Called by many threads. */
  public interface Progress {
    /** A store has more of a database. */
    void shipped(Database database);

    /** A store did not take what is new of a database; it is tried again. */
    void failed(Database database, String why);
  }

  /**
   * @param destinations gives the places of a database by its name; none is fine
   * @param nodeId stays with the node's data directory
   * @param clock says when what is due
   * @param takesOver whether this node was made the primary of a cluster: what another one has put
   *     after the last state that both had stays where it is, and is gone on from
   */
  public Shipper(
      String nodeId,
      Databases databases,
      Function<String, List<Destination>> destinations,
      Snapshots snapshots,
      ShippingPolicy policy,
      LogLimits logLimits,
      Clock clock,
      boolean takesOver) {
    this(nodeId, databases, destinations, snapshots, policy, logLimits, clock, takesOver, null);
  }

  /**
   * As above.
   *
   * @param progress somebody waits for each transaction: it is shipped at once; null when nobody
   *     does
   */
  public Shipper(
      String nodeId,
      Databases databases,
      Function<String, List<Destination>> destinations,
      Snapshots snapshots,
      ShippingPolicy policy,
      LogLimits logLimits,
      Clock clock,
      boolean takesOver,
      @Nullable Progress progress) {
    this.progress = progress;
    this.takesOver = takesOver;
    this.self = Writer.self(nodeId, clock.instant());
    this.databases = databases;
    this.destinations = destinations;
    this.snapshots = snapshots;
    this.policy = policy;
    this.logLimits = logLimits;
    this.clock = clock;
  }

  /** Begins with what is in the log already, then follows. */
  public void start() {
    databases.listen(this);
    for (Database database : databases.all()) {
      of(database).forEach(to -> schedule(database, to, 0));
    }
  }

  /**
   * From now on, another policy: what is planned already is done at its time, what comes after it
   * by the new one.
   *
   * @throws IllegalArgumentException if its levels are others: these are for the life of a shipper
   */
  public void change(ShippingPolicy changed) {
    if (!changed.levels().equals(policy.levels())) {
      throw new IllegalArgumentException("levels stay as they are");
    }
    policy = changed;
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    List<ShippedDatabase> all = of(database);
    // What makes a file of its own waits for no other.
    boolean alone = progress != null || entry.length() >= ShippedDatabase.BATCH_BYTES;
    for (int i = 0; i < all.size(); i++) {
      schedule(database, all.get(i), alone ? 0 : policy.syncInterval().toMillis());
    }
    if (!all.isEmpty() && entry.maxTxid() % LIMIT_EVERY == 0) {
      trim(database);
    }
  }

  /** Empty when the database has no place in a store. */
  private List<ShippedDatabase> of(Database database) {
    List<ShippedDatabase> known = shipped.get(database.name());
    return known != null
        ? known
        : shipped.computeIfAbsent(database.name(), name -> destinationsOf(database));
  }

  private List<ShippedDatabase> destinationsOf(Database database) {
    List<Destination> places = destinations.apply(database.name());
    if (places.isEmpty()) {
      return List.of();
    }
    try {
      Path directory = temporaryDirectory(database);
      return places.stream()
          .map(
              to ->
                  new ShippedDatabase(
                      database,
                      to,
                      snapshots,
                      () -> policy,
                      clock,
                      new WriterClaim(to, self, System::nanoTime),
                      directory,
                      takesOver))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Made, or emptied of what a kill has left there. */
  private static Path temporaryDirectory(Database database) throws IOException {
    Path directory = Files.createDirectories(database.directory().resolve("ship"));
    try (Stream<Path> left = Files.list(directory)) {
      for (Path file : left.toList()) {
        Files.delete(file);
      }
    }
    return directory;
  }

  private StoreThreads threads(ShippedDatabase to) {
    return threads.computeIfAbsent(
        to.destination().group(), group -> new StoreThreads(group, progress != null));
  }

  private void schedule(Database database, ShippedDatabase to, long delayMillis) {
    if (to.claim() && !closed) {
      threads(to).ship(() -> run(database, to), delayMillis);
    }
  }

  private void run(Database database, ShippedDatabase to) {
    long pauseMillis = to.pauseMillis();
    if (pauseMillis > 0) {
      // It has failed; a commit is no reason to try again sooner.
      threads(to).ship(() -> run(database, to), pauseMillis);
      return;
    }
    to.unclaim();
    if (to.isFenced()) {
      return;
    }
    try {
      ship(database, to);
      threads(to).succeeded(to, NOT_SHIPPED);
      trim(database);
    } catch (TakingOverException e) {
      to.pauseFor(e.millis());
      schedule(database, to, e.millis());
    } catch (IOException | RuntimeException e) {
      if (progress != null) {
        progress.failed(database, to.destination().url() + ": " + e.getMessage());
      }
      if (to.isFenced()) {
        log.error("{}: no longer shipped: {}", database.name(), e.getMessage());
        return;
      }
      long retryMillis = threads(to).failed(to, NOT_SHIPPED, policy.syncInterval(), e);
      to.pauseFor(retryMillis);
      schedule(database, to, retryMillis);
    }
    planMaintenance(to, to.maintenanceMillis());
  }

  private Position ship(Database database, ShippedDatabase to) throws IOException {
    long before = to.shippedTxid();
    long started = System.nanoTime();
    Position position = to.ship();
    if (to.shippedTxid() != before) {
      databases.events().shipped(database, System.nanoTime() - started);
    }
    if (progress != null) {
      progress.shipped(database);
    }
    return position;
  }

  /** Whether every store of a database has a transaction; false when it has no store. */
  public boolean isStored(Database database, long txid) {
    List<ShippedDatabase> all = of(database);
    return !all.isEmpty()
        && all.stream()
            .allMatch(to -> !to.isFenced() && Long.compareUnsigned(to.shippedTxid(), txid) >= 0);
  }

  private void planMaintenance(ShippedDatabase to, long atMillis) {
    long planned = to.plannedMillis().get();
    if (atMillis < planned && to.plannedMillis().compareAndSet(planned, atMillis) && !closed) {
      threads(to).maintain(() -> maintain(to, atMillis), Math.max(0, atMillis - clock.millis()));
    }
  }

  private void maintain(ShippedDatabase to, long plannedMillis) {
    if (!to.plannedMillis().compareAndSet(plannedMillis, Maintenance.NEVER)) {
      return; // Planned again for an earlier time.
    }
    long nextMillis;
    try {
      to.maintain();
      threads(to).succeeded(to, NOT_MERGED);
      nextMillis = to.maintenanceMillis();
    } catch (IOException | RuntimeException e) {
      if (to.isFenced()) {
        log.error("{}: no longer shipped: {}", to.name(), e.getMessage());
        return;
      }
      nextMillis = clock.millis() + threads(to).failed(to, NOT_MERGED, policy.syncInterval(), e);
    }
    planMaintenance(to, nextMillis);
  }

  /** Deletes what every store has, and what there is no room for. */
  private void trim(Database database) {
    List<ShippedDatabase> all = of(database);
    long everywhere = Long.MAX_VALUE;
    for (ShippedDatabase to : all) {
      if (!to.isFenced()) {
        everywhere = Math.min(everywhere, to.shippedTxid());
      }
    }
    try {
      database.log().trim(logLimits.keepBytes(), Math.min(everywhere, database.applied().txid()));
      if (database.log().sizeBytes() > logLimits.maxBytes()) {
        database.log().trim(logLimits.maxBytes(), Long.MAX_VALUE);
        for (ShippedDatabase to : all) {
          LogEntry first = database.log().first();
          if (first != null && first.before().txid() > to.shippedTxid()) {
            threads(to)
                .warnRarely(
                    to,
                    "the log has reached its limit of "
                        + logLimits.maxBytes()
                        + " bytes while this store did not take it: it will get a snapshot later, and no state"
                        + " in between can be restored from it");
          }
        }
      }
    } catch (IOException e) {
      log.warn(
          "{}: old parts of the log could not be deleted: {}", database.name(), e.getMessage());
    }
  }

  /** What the stores have of a database; empty when it is unknown. */
  public List<StoreStatus> status(String database) {
    return shipped.getOrDefault(database, List.of()).stream().map(ShippedDatabase::status).toList();
  }

  /** What the files in each group of destinations take, in bytes, as far as that is known. */
  public Map<String, Long> keptBytes() {
    Map<String, Long> kept = new HashMap<>();
    for (List<ShippedDatabase> all : shipped.values()) {
      for (ShippedDatabase to : all) {
        kept.merge(to.destination().group(), to.keptBytes(), Long::sum);
      }
    }
    return kept;
  }

  /** Why a database is not shipped, or null when it is. */
  public @Nullable String error(String database) {
    for (ShippedDatabase to : shipped.getOrDefault(database, List.of())) {
      if (to.error() != null) {
        return to.error();
      }
    }
    return null;
  }

  /** Whether a database has a store. */
  public boolean ships(Database database) {
    return !of(database).isEmpty();
  }

  /**
   * Ships what is committed now.
   *
   * @return completes with the position that every store of the database then has; exceptionally
   *     with {@link IOException} when one did not take it
   */
  public CompletableFuture<Position> sync(Database database) {
    return everywhere(database, to -> ship(database, to), StoreThreads::ship);
  }

  /**
   * Makes a snapshot of a database in each of its stores.
   *
   * @return completes with its position, that of the oldest if there are several
   */
  public CompletableFuture<Position> snapshot(Database database) {
    return everywhere(database, ShippedDatabase::snapshot, StoreThreads::maintain);
  }

  private interface Task {
    Position run(ShippedDatabase to) throws IOException;
  }

  private interface Pool {
    void execute(StoreThreads threads, Runnable task, long delayMillis);
  }

  private CompletableFuture<Position> everywhere(Database database, Task task, Pool pool) {
    List<ShippedDatabase> all = of(database);
    if (all.isEmpty()) {
      return CompletableFuture.failedFuture(
          new IOException(database.name() + " has no store; give one with --store"));
    }
    CompletableFuture<Position> result = null;
    for (ShippedDatabase to : all) {
      Executor executor = command -> pool.execute(threads(to), command, 0);
      CompletableFuture<Position> one =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  Position position = task.run(to);
                  planMaintenance(to, to.maintenanceMillis());
                  return position;
                } catch (IOException e) {
                  throw new UncheckedIOException(to.destination().url() + ": " + e.getMessage(), e);
                }
              },
              executor);
      result =
          result == null
              ? one
              : result.thenCombine(
                  one, (a, b) -> Long.compareUnsigned(a.txid(), b.txid()) <= 0 ? a : b);
    }
    return result == null ? CompletableFuture.completedFuture(Position.NONE) : result;
  }

  /**
   * Ships all that is in the log now.
   *
   * @return false when something could not be shipped; it is logged
   */
  public boolean flush() {
    return flush(CLOSE_MILLIS);
  }

  private boolean flush(long patienceMillis) {
    List<CompletableFuture<Boolean>> running = new ArrayList<>();
    for (Database database : databases.all()) {
      for (ShippedDatabase to : of(database)) {
        running.add(
            CompletableFuture.supplyAsync(
                () -> flushed(database, to), command -> threads(to).ship(command, 0)));
      }
    }
    boolean all = true;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMillis);
    for (CompletableFuture<Boolean> one : running) {
      try {
        all &= one.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        all = false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return all;
  }

  private boolean flushed(Database database, ShippedDatabase to) {
    try {
      ship(database, to);
      if (closing) {
        leave(to);
      }
      trim(database);
      return true;
    } catch (IOException | RuntimeException e) {
      log.error("{}: not shipped: {}", database.name(), e.getMessage());
      return false;
    }
  }

  private static void leave(ShippedDatabase to) {
    try {
      to.handOver();
    } catch (IOException e) {
      log.warn(
          "{}: everything is at {}, but not so that Litestream could go on there: {}",
          to.name(),
          to.destination().url(),
          e.getMessage());
    }
    release(to);
  }

  private static void release(ShippedDatabase to) {
    try {
      to.release();
    } catch (IOException e) {
      log.warn(
          "{}: {} still has this node's claim, so that another waits a moment before it goes on there: {}",
          to.name(),
          to.destination().url(),
          e.getMessage());
    }
  }

  /**
   * Merges, takes snapshots and deletes what is due now, without waiting for a timer.
   *
   * @throws IOException the first failure
   */
  void maintain() throws IOException {
    for (List<ShippedDatabase> all : shipped.values()) {
      for (ShippedDatabase to : all) {
        to.maintain();
      }
    }
  }

  /** Stops without shipping what remains: another node does. */
  public void abandon() {
    databases.unlisten(this);
    closed = true;
    threads.values().forEach(StoreThreads::close);
  }

  /**
   * Stops as {@link #abandon} does, and lets another node go on at once. Everything must be in the
   * stores.
   */
  public void handOver() {
    abandon();
    shipped.values().forEach(all -> all.forEach(Shipper::release));
  }

  /**
   * Ships what remains and stops, within half a minute.
   *
   * @throws IOException when something could not be shipped; it is in the log, and shipped after
   *     the next start
   */
  @Override
  public void close() throws IOException {
    close(CLOSE_MILLIS);
  }

  /**
   * @param patienceMillis what stores may take for what remains
   */
  void close(long patienceMillis) throws IOException {
    databases.unlisten(this);
    closing = true;
    boolean all = flush(patienceMillis);
    closed = true;
    threads.values().forEach(StoreThreads::close);
    if (!all) {
      throw new IOException(
          "not everything is in the store; the rest is in the log and shipped after the next start");
    }
  }
}
