package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.log.Snapshots;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ships every database of a node to its place in a store: what was committed within an interval
 * becomes one file. A database without a commit makes no request. What can't be shipped stays in
 * the log and is tried again; no transaction is left out. Safe for use by many threads.
 */
public final class Shipper implements DatabaseListener, Closeable {
  private static final Logger log = LoggerFactory.getLogger(Shipper.class);

  private static final long MAX_RETRY_MILLIS = 30_000;

  private final Databases databases;
  private final Function<String, @Nullable Destination> destinations;
  private final Snapshots snapshots;
  private final long intervalMillis;
  private final long keepLogBytes;
  private final Map<String, ShippedDatabase> shipped = new ConcurrentHashMap<>();
  private final ScheduledExecutorService thread =
      Executors.newScheduledThreadPool(
          2,
          task -> {
            Thread t = new Thread(task, "shipper");
            t.setDaemon(true);
            return t;
          });

  /**
   * Where a database is shipped to.
   *
   * @param store safe for use by many threads; not closed by the shipper
   * @param layout of the files in it
   * @param url for people
   */
  public record Destination(ObjectStore store, StoreLayout layout, String url) {}

  /**
   * @param destinations gives the place of a database by its name; null for none
   * @param intervalMillis how long commits are gathered for one file
   * @param keepLogBytes how much of the log of each database stays for followers once it is shipped
   */
  public Shipper(
      Databases databases,
      Function<String, @Nullable Destination> destinations,
      Snapshots snapshots,
      long intervalMillis,
      long keepLogBytes) {
    this.databases = databases;
    this.destinations = destinations;
    this.snapshots = snapshots;
    this.intervalMillis = intervalMillis;
    this.keepLogBytes = keepLogBytes;
  }

  /** Begins with what is in the log already, then follows. */
  public void start() {
    databases.listen(this);
    for (Database database : databases.all()) {
      schedule(of(database), 0);
    }
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    schedule(of(database), intervalMillis);
  }

  /** Null when the database has no place in a store. */
  private @Nullable ShippedDatabase of(Database database) {
    ShippedDatabase known = shipped.get(database.name());
    return known != null
        ? known
        : shipped.computeIfAbsent(
            database.name(),
            name -> {
              Destination destination = destinations.apply(name);
              return destination == null
                  ? null
                  : new ShippedDatabase(database, destination, snapshots, keepLogBytes);
            });
  }

  private void schedule(@Nullable ShippedDatabase database, long delayMillis) {
    if (database != null && database.claim() && !thread.isShutdown()) {
      var unused = thread.schedule(() -> run(database), delayMillis, TimeUnit.MILLISECONDS);
    }
  }

  private void run(ShippedDatabase database) {
    database.unclaim();
    try {
      database.ship();
    } catch (IOException | RuntimeException e) {
      if (database.isFenced()) {
        log.error("{}: no longer shipped: {}", database.name(), e.getMessage());
        return;
      }
      long retryMillis =
          Math.min(MAX_RETRY_MILLIS, intervalMillis << Math.min(database.failures(), 10));
      log.warn(
          "{}: not shipped, next try in {} ms: {}", database.name(), retryMillis, e.getMessage());
      log.debug("{}", database.name(), e);
      schedule(database, Math.max(100, retryMillis));
    }
  }

  /** What the store has of a database; null when it is unknown. */
  public @Nullable StoreStatus status(String database) {
    ShippedDatabase known = shipped.get(database);
    return known == null ? null : known.status();
  }

  /** Why a database is not shipped, or null when it is. */
  public @Nullable String error(String database) {
    ShippedDatabase known = shipped.get(database);
    return known == null ? null : known.error();
  }

  /**
   * Ships all that is in the log now.
   *
   * @return false when something could not be shipped; it is logged
   */
  public boolean flush() {
    boolean all = true;
    for (Database database : databases.all()) {
      ShippedDatabase known = of(database);
      if (known == null) {
        continue;
      }
      try {
        known.ship();
      } catch (IOException | RuntimeException e) {
        log.error("{}: not shipped: {}", database.name(), e.getMessage());
        all = false;
      }
    }
    return all;
  }

  /**
   * Ships what remains and stops.
   *
   * @throws IOException when something could not be shipped; it is in the log, and shipped after
   *     the next start
   */
  @Override
  public void close() throws IOException {
    databases.unlisten(this);
    boolean all = flush();
    thread.shutdown();
    try {
      if (!thread.awaitTermination(10, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
    if (!all) {
      throw new IOException(
          "not everything is in the store; the rest is in the log and shipped after the next start");
    }
  }
}
