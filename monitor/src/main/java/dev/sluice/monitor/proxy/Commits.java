package dev.sluice.monitor.proxy;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.Position;
import java.io.Closeable;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The databases of a node by what clients call them, and which of them were committed to since a
 * moment. A commit costs a number and a look-up; a request during which nobody committed costs a
 * comparison. Safe for use by many threads.
 */
final class Commits implements DatabaseListener, Closeable {
  private final Databases databases;
  private final AtomicLong last = new AtomicLong();

  /** The number of the last commit to each. */
  private final Map<Database, Long> numbers = new ConcurrentHashMap<>();

  private final Map<Long, Database> byId = new ConcurrentHashMap<>();
  private final Set<Arrival> arrivals = ConcurrentHashMap.newKeySet();

  /** Somebody waits for a database to become known. Equal only to itself. */
  private static final class Arrival {
    final long id;
    final CompletableFuture<Database> database = new CompletableFuture<>();

    Arrival(long id) {
      this.id = id;
    }
  }

  Commits(Databases databases) {
    this.databases = databases;
    databases.listen(this);
    databases.all().forEach(this::added);
  }

  @Override
  public void added(Database database) {
    long id = Positions.id(database.name());
    byId.put(id, database);
    for (Arrival arrival : arrivals) {
      if (arrival.id == id) {
        // What waits for it goes on elsewhere: this thread holds a lock.
        arrival.database.completeAsync(() -> database);
      }
    }
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    numbers.put(database, last.incrementAndGet());
  }

  @Override
  public void renumbered(Database database) {
    numbers.put(database, last.incrementAndGet());
  }

  /** The database, or null when this node has none of that id. */
  @Nullable Database get(long id) {
    return byId.get(id);
  }

  /** Completes when the node has heard of a database; exceptionally after {@code timeoutMillis}. */
  CompletableFuture<Database> await(long id, long timeoutMillis) {
    Arrival arrival = new Arrival(id);
    arrivals.add(arrival);
    Database known = byId.get(id);
    if (known != null) {
      arrival.database.complete(known);
    }
    return arrival
        .database
        .orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
        .whenComplete((database, failure) -> arrivals.remove(arrival));
  }

  /** A moment, for {@link #since}. */
  long now() {
    return last.get();
  }

  /** Where the databases stand that were committed to after {@code moment}, the last ones first. */
  Map<Long, Position> since(long moment) {
    Map<Long, Position> touched = new LinkedHashMap<>();
    if (last.get() != moment) {
      numbers.entrySet().stream()
          .filter(entry -> entry.getValue() > moment)
          .sorted(Map.Entry.<Database, Long>comparingByValue(Comparator.reverseOrder()))
          .limit(Positions.MAX_DATABASES)
          .forEach(
              entry -> touched.put(Positions.id(entry.getKey().name()), entry.getKey().position()));
    }
    return touched;
  }

  @Override
  public void close() {
    databases.unlisten(this);
  }
}
