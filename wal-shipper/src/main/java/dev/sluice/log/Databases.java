package dev.sluice.log;

import java.io.Closeable;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All databases of a node. Safe for use by many threads. */
public final class Databases implements Closeable {
  private final Path directory;
  private final LastEnd lastEnd;
  private final ConcurrentSkipListMap<String, Database> byName = new ConcurrentSkipListMap<>();
  private final CopyOnWriteArrayList<DatabaseListener> listeners = new CopyOnWriteArrayList<>();
  private final DatabaseListener all = new Fanout();

  private Databases(Path directory, LastEnd lastEnd) {
    this.directory = directory;
    this.lastEnd = lastEnd;
  }

  /** Opens what is known of databases in {@code directory} ({@code DATA/.sluice/db}). */
  public static Databases open(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path state = Objects.requireNonNull(directory.toAbsolutePath().getParent());
    Databases databases = new Databases(directory, LastEnd.take(state));
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.sorted().toList()) {
        databases.open(nameOf(entry));
      }
    } catch (IOException | RuntimeException e) {
      databases.close();
      throw e;
    }
    return databases;
  }

  private static String nameOf(Path directory) {
    return URLDecoder.decode(directory.getFileName().toString(), StandardCharsets.UTF_8);
  }

  /** {@code shop/app.db} as {@code shop%2Fapp.db}: one file name, readable, and reversible. */
  private static String fileName(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
  }

  /** How the process ended that had them before this one. */
  public LastEnd lastEnd() {
    return lastEnd;
  }

  /** Tells {@code listener} of all that happens from now on. */
  public void listen(DatabaseListener listener) {
    listeners.add(listener);
  }

  public void unlisten(DatabaseListener listener) {
    listeners.remove(listener);
  }

  /** The listener that tells all listeners. */
  public DatabaseListener events() {
    return all;
  }

  /** Gives a database, made when it is not known yet. */
  public synchronized Database open(String name) throws IOException {
    Database known = byName.get(name);
    if (known != null) {
      return known;
    }
    Database database =
        Database.open(name, directory.resolve(fileName(name)), all, lastEnd.isPowerLoss());
    byName.put(name, database);
    all.added(database);
    return database;
  }

  public @Nullable Database get(String name) {
    return byName.get(name);
  }

  /** All, by name. */
  public Collection<Database> all() {
    return List.copyOf(byName.values());
  }

  @Override
  public synchronized void close() {
    byName.values().forEach(Database::close);
    byName.clear();
  }

  private final class Fanout implements DatabaseListener {
    @Override
    public void added(Database database) {
      listeners.forEach(l -> l.added(database));
    }

    @Override
    public void committed(Database database, LogEntry entry, long nanos) {
      for (DatabaseListener listener : listeners) {
        listener.committed(database, entry, nanos);
      }
    }

    @Override
    public void applied(Database database) {
      listeners.forEach(l -> l.applied(database));
    }

    @Override
    public void refused(String database, Exception why) {
      listeners.forEach(l -> l.refused(database, why));
    }
  }
}
