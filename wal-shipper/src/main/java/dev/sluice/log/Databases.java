package dev.sluice.log;

import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All databases of a node. Safe for use by many threads. */
public final class Databases implements Closeable {
  private static final int MAX_FILE_NAME = 255;

  /** In no name that {@link URLEncoder} makes. */
  private static final char SHORTENED = '~';

  private static final String NAME_FILE = "name";

  private final Path directory;
  private final LastEnd lastEnd;
  private final ConcurrentSkipListMap<String, Database> byName = new ConcurrentSkipListMap<>();
  private final CopyOnWriteArrayList<DatabaseListener> listeners = new CopyOnWriteArrayList<>();
  private final DatabaseListener all = new Fanout();
  private final Clock clock;
  private volatile CommitGuard guard = CommitGuard.OPEN;

  private Databases(Path directory, LastEnd lastEnd, Clock clock) {
    this.directory = directory;
    this.lastEnd = lastEnd;
    this.clock = clock;
  }

  /** Opens what is known of databases in {@code directory} ({@code DATA/.sluice/db}). */
  public static Databases open(Path directory) throws IOException {
    return open(directory, Clock.systemUTC());
  }

  /** As {@link #open(Path)}, with the clock that says when a transaction is committed. */
  public static Databases open(Path directory, Clock clock) throws IOException {
    Files.createDirectories(directory);
    Path state = Objects.requireNonNull(directory.toAbsolutePath().getParent());
    Databases databases = new Databases(directory, LastEnd.take(state), clock);
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.sorted().toList()) {
        String name = nameOf(entry);
        if (name != null) {
          databases.open(name);
        }
      }
    } catch (IOException | RuntimeException e) {
      databases.close();
      throw e;
    }
    return databases;
  }

  /** The database whose state {@code directory} has; null when a crash left it without its name. */
  private static @Nullable String nameOf(Path directory) throws IOException {
    String fileName = directory.getFileName().toString();
    if (fileName.indexOf(SHORTENED) < 0) {
      return URLDecoder.decode(fileName, StandardCharsets.UTF_8);
    }
    Path name = directory.resolve(NAME_FILE);
    return Files.exists(name) ? Files.readString(name) : null;
  }

  /**
   * Where the state of a database is: {@code shop/app.db} in {@code shop%2Fapp.db}, one file name,
   * readable, and reversible. A file name has 255 bytes at most, so of a longer one there are the
   * beginning and a digest, and the name stands in a file.
   */
  private Path place(String name) throws IOException {
    String encoded =
        URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
    if (encoded.length() <= MAX_FILE_NAME) {
      return directory.resolve(encoded);
    }
    Path place = directory.resolve(encoded.substring(0, 120) + SHORTENED + digest(name));
    Path file = place.resolve(NAME_FILE);
    if (!Files.exists(file)) {
      Files.createDirectories(place);
      Path whole = Files.writeString(place.resolve(NAME_FILE + ".new"), name);
      try (NativeFile written = NativeFile.open(whole, Libc.O_RDONLY)) {
        written.sync();
      }
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
      NativeFile.syncDirectory(place);
      NativeFile.syncDirectory(directory);
    }
    return place;
  }

  private static String digest(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
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

  /** Has {@code asked} decide from now on what may be committed; at first all may. */
  public void guard(CommitGuard asked) {
    guard = asked;
  }

  /** See {@link CommitGuard#beforeCommit}. */
  public void checkMayCommit(String database) throws IOException {
    guard.beforeCommit(database);
  }

  /** See {@link CommitGuard#afterCommit}. */
  public void acknowledge(Database database) throws IOException {
    guard.afterCommit(database, database.position());
  }

  /** Gives a database, made when it is not known yet. */
  public synchronized Database open(String name) throws IOException {
    Database known = byName.get(name);
    if (known != null) {
      return known;
    }
    Database database =
        Database.open(
            name,
            place(name),
            all,
            asking -> guard.beforeCommit(asking),
            lastEnd.isPowerLoss(name),
            clock);
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
    public void renumbered(Database database) {
      listeners.forEach(l -> l.renumbered(database));
    }

    @Override
    public void applied(Database database) {
      listeners.forEach(l -> l.applied(database));
    }

    @Override
    public void applied(Database database, LogEntry entry, long nanos, long ageMillis) {
      for (DatabaseListener listener : listeners) {
        listener.applied(database, entry, nanos, ageMillis);
      }
    }

    @Override
    public void synced(Database database, long nanos) {
      for (DatabaseListener listener : listeners) {
        listener.synced(database, nanos);
      }
    }

    @Override
    public void shipped(Database database, long nanos) {
      listeners.forEach(l -> l.shipped(database, nanos));
    }

    @Override
    public void restored(String database, long nanos) {
      listeners.forEach(l -> l.restored(database, nanos));
    }

    @Override
    public void diverged(Database database, String what) {
      listeners.forEach(l -> l.diverged(database, what));
    }

    @Override
    public void refused(String database, Exception why) {
      listeners.forEach(l -> l.refused(database, why));
    }

    @Override
    public void openedReadOnly(String database) {
      listeners.forEach(l -> l.openedReadOnly(database));
    }

    @Override
    public void gap(String database, String why) {
      listeners.forEach(l -> l.gap(database, why));
    }
  }
}
