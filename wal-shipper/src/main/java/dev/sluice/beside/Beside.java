package dev.sluice.beside;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Inotify;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.DatabaseHeader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the databases of applications that keep their own files: notices what is written, and
 * cuts it into the log a moment later. Applications see one more client of SQLite, which writes
 * nothing but checkpoints.
 *
 * <p>One thread looks: it sleeps until the file system tells of a write, then looks at the database
 * every other millisecond as long as it changes, four times as often while a follower waits.
 * Another does what takes long. Safe for use by many threads.
 */
public final class Beside implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Beside.class);

  private static final String STATE = ".sluice";
  private static final String FILE_STATE = "-sluice";

  /** How often what changes is looked at while a follower waits for it, … */
  private static final long FOLLOWED_LOOK_NANOS = 500_000;

  /** … and while nobody does: a store gets it once a second. */
  private static final long LOOK_NANOS = 2_000_000;

  private static final long SWEEP_NANOS = 1_000_000_000;

  /** Every so many sweeps names are looked for, too. */
  private static final int THOROUGH = 10;

  private static final long STOP_SECONDS = 60;

  /**
   * What is followed.
   *
   * @param root directory of the databases
   * @param isSelected tells of a path below it, such as {@code shop/app.db}, whether it is
   * @param isRecursive whether directories below it are looked into
   * @param checkpointPages frames in a WAL from which Sluice checkpoints when nobody else does
   */
  public record Options(
      Path root, Predicate<String> isSelected, boolean isRecursive, int checkpointPages) {
    public static final int DEFAULT_CHECKPOINT_PAGES = 1000;
  }

  private final Options options;
  private final Databases databases;
  private final Inotify inotify;
  private final ConcurrentHashMap<String, BesideDatabase> byName = new ConcurrentHashMap<>();
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread t = new Thread(task, "beside-compare");
            t.setDaemon(true);
            return t;
          });
  private final Thread thread = new Thread(this::run, "beside");

  // Of the thread alone.
  private final Map<Integer, String> directories = new HashMap<>();
  private final Set<String> watched = ConcurrentHashMap.newKeySet();
  private final Set<BesideDatabase> active = ConcurrentHashMap.newKeySet();
  private final FileStatus status = new FileStatus();

  private volatile boolean isFollowed;
  private volatile boolean closed;

  private Beside(Options options, Databases databases, Inotify inotify) {
    this.options = options;
    this.databases = databases;
    this.inotify = inotify;
  }

  /**
   * Starts to follow what is there and what comes.
   *
   * @throws IOException when the system can't tell of events
   */
  public static Beside start(Options options, Databases databases) throws IOException {
    Beside beside = new Beside(options, databases, Inotify.open());
    try {
      for (Database known : databases.all()) {
        if (options.isSelected.test(known.name())) {
          beside.add(known.name());
        }
      }
      beside.find("");
    } catch (RuntimeException e) {
      beside.inotify.close();
      throw e;
    }
    beside.thread.setDaemon(true);
    beside.thread.start();
    return beside;
  }

  /** Whether somebody waits for each commit. */
  public void setFollowed(boolean followed) {
    isFollowed = followed;
  }

  /** Captures what applications have committed to {@code name} so far. */
  public void captureNow(String name) throws IOException {
    BesideDatabase database = byName.get(name);
    if (database == null && options.isSelected.test(name) && isDatabase(name)) {
      database = add(name);
    }
    if (database != null) {
      database.captureNow();
    }
  }

  /** Reads a page of a database in use; see {@link dev.sluice.log.LivePages}. */
  public void read(String name, int pgno, ByteBuffer target) throws IOException {
    BesideDatabase database = byName.get(name);
    if (database == null) {
      throw new IOException(name + " is not followed");
    }
    database.read(pgno, target);
  }

  /** What is wrong with a database and what to do; null when nothing is. */
  public @Nullable String error(String name) {
    BesideDatabase database = byName.get(name);
    return database == null ? null : database.error();
  }

  private void run() {
    int sweeps = 0;
    long nextSweep = System.nanoTime();
    while (!closed) {
      try {
        inotify.drain(this::onEvent);
        active.removeIf(database -> !keepsOn(database));
        long now = System.nanoTime();
        if (now - nextSweep >= 0) {
          nextSweep = now + SWEEP_NANOS;
          sweep(++sweeps % THOROUGH == 0);
        }
        if (!active.isEmpty()) {
          LockSupport.parkNanos(this, isFollowed ? FOLLOWED_LOOK_NANOS : LOOK_NANOS);
        } else {
          inotify.await((int) Math.max(1, (nextSweep - System.nanoTime()) / 1_000_000));
        }
      } catch (RuntimeException e) {
        log.error("following files: {}", e.toString());
        log.debug("following files", e);
        LockSupport.parkNanos(this, SWEEP_NANOS);
      }
    }
  }

  private boolean keepsOn(BesideDatabase database) {
    boolean keepsOn = database.step();
    workIfWanted(database);
    return keepsOn;
  }

  private void workIfWanted(BesideDatabase database) {
    if (database.takeWork() && !closed) {
      worker.execute(
          () -> {
            database.work();
            active.add(database);
          });
    }
  }

  private void sweep(boolean thoroughly) {
    if (thoroughly) {
      find("");
    }
    for (BesideDatabase database : byName.values()) {
      if (!active.contains(database)) {
        if (database.sweep(thoroughly)) {
          active.add(database);
        }
        workIfWanted(database);
      }
    }
  }

  private void onEvent(int watch, int mask, String rawName) {
    if ((mask & Inotify.OVERFLOW) != 0) {
      log.info("the file system told of more than could be taken; looking at all databases");
      byName.values().forEach(BesideDatabase::missedEvents);
      find("");
      active.addAll(byName.values());
      return;
    }
    String directory = directories.get(watch);
    if (directory == null || rawName.isEmpty()) {
      if ((mask & Inotify.IGNORED) != 0 && directory != null) {
        directories.remove(watch);
        watched.remove(directory);
      }
      return;
    }
    String name = new String(rawName.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    String path = directory.isEmpty() ? name : directory + '/' + name;
    if ((mask & Inotify.IS_DIRECTORY) != 0) {
      if (Inotify.isName(mask) && options.isRecursive && !isState(name)) {
        watched.removeIf(d -> d.equals(path) || d.startsWith(path + '/'));
        find(path);
      }
      return;
    }
    boolean isWal = name.endsWith("-wal");
    boolean isJournal = name.endsWith("-journal");
    String main =
        isWal
            ? path.substring(0, path.length() - 4)
            : isJournal ? path.substring(0, path.length() - 8) : path;
    BesideDatabase database = byName.get(main);
    if (database == null) {
      if (name.endsWith("-shm") || !options.isSelected.test(main) || !isDatabase(main)) {
        return;
      }
      database = add(main);
    }
    if (Inotify.isName(mask)) {
      database.named(isWal && (mask & (Inotify.DELETE | Inotify.MOVED_FROM)) != 0);
    } else {
      database.touched(!isWal && !isJournal);
    }
    active.add(database);
  }

  private BesideDatabase add(String name) {
    return byName.computeIfAbsent(
        name,
        n -> {
          BesideDatabase made =
              new BesideDatabase(n, options.root.resolve(n), databases, options.checkpointPages);
          active.add(made);
          return made;
        });
  }

  private static boolean isState(String name) {
    return name.equals(STATE) || (name.startsWith(".") && name.endsWith(FILE_STATE));
  }

  private boolean isDatabase(String name) {
    ByteBuffer head = ByteBuffer.allocate(DatabaseHeader.SIZE);
    Path path = options.root.resolve(name);
    if (!Files.isRegularFile(path)) {
      return false;
    }
    // Closing it drops no lock of this process: those are of open file descriptions.
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      file.read(head);
    } catch (IOException e) {
      log.debug("{}", path, e);
      return false;
    }
    return DatabaseHeader.hasMagic(head.flip());
  }

  /** Watches a directory and those in it, and finds the databases there. */
  private void find(String directory) {
    Path path = directory.isEmpty() ? options.root : options.root.resolve(directory);
    if (!Files.isDirectory(path)) {
      return;
    }
    if (watched.add(directory)) {
      try {
        directories.put(inotify.watch(PathCalls.raw(path.toString())), directory);
      } catch (ErrnoException e) {
        log.warn("{}: {}; looked at every second instead", path, e.getMessage());
      }
    }
    List<String> names = new ArrayList<>();
    try (Stream<Path> entries = Files.list(path)) {
      entries.forEach(entry -> names.add(entry.getFileName().toString()));
    } catch (IOException e) {
      log.warn("{} can't be read: {}", path, e.getMessage());
      return;
    }
    for (String name : names) {
      String below = directory.isEmpty() ? name : directory + '/' + name;
      if (isState(name) || byName.containsKey(below)) {
        continue;
      }
      if (PathCalls.stat(PathCalls.raw(path.resolve(name).toString()), status) == 0) {
        if (status.isDirectory()) {
          if (options.isRecursive) {
            find(below);
          }
        } else if (!name.endsWith("-wal")
            && !name.endsWith("-shm")
            && !name.endsWith("-journal")
            && options.isSelected.test(below)
            && isDatabase(below)) {
          add(below);
        }
      }
    }
  }

  /** Captures what is committed, and lets go of all files. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    boolean interrupted = false;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
      worker.shutdown();
      worker.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    byName.values().forEach(BesideDatabase::stop);
    inotify.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
