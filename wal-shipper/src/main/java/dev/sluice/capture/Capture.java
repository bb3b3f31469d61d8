package dev.sluice.capture;

import dev.sluice.capture.CapturedFile.Kind;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.DatabaseHeader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All databases below a data directory, seen through what is written to them. The filesystem asks
 * it for the {@link CapturedFile} of a path and does every write, truncation, fsync and removal
 * through that.
 *
 * <p>Paths are relative to the data directory, one char a byte; names of databases are the same as
 * UTF-8. Safe for use by many threads.
 */
public final class Capture implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Capture.class);

  static final String WAL = "-wal";
  static final String JOURNAL = "-journal";
  private static final String SHM = "-shm";

  /** Bytes to which SQLite cuts a wal-index that nobody has; earlier versions cut it to 0. */
  private static final int FRESH_INDEX = 3;

  private static final String STATE = ".sluice";
  private static final int EROFS = 30;

  private final String root;
  private final Databases databases;
  private final Runnable beforeWait;
  private final Predicate<String> selected;
  private final ConcurrentHashMap<String, DatabaseCapture> byPath = new ConcurrentHashMap<>();
  private final PlainWrites plainWrites;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread t = new Thread(task, "recovery");
            t.setDaemon(true);
            return t;
          });

  /** Who was told that a database is read-only here. */
  private final Applicants applicants = new Applicants();

  private volatile BooleanSupplier readOnly = () -> false;
  private volatile boolean copied;
  private volatile Rewritten onRewritten = (path, offset, length) -> {};

  /**
   * @param data the data directory
   * @param beforeWait called on a thread of the filesystem before it waits for a lock or a disk
   * @param selected by the path of its main file, whether something can be a database at all
   */
  public Capture(Path data, Databases databases, Runnable beforeWait, Predicate<String> selected) {
    this.root = PathCalls.raw(data.toAbsolutePath().toString());
    this.databases = databases;
    this.beforeWait = beforeWait;
    this.selected = selected;
    this.plainWrites = new PlainWrites();
  }

  /**
   * Finds the databases that are there. Those whose files are not as a clean stop left them are
   * compared with the log, and what differs is cut, by a thread in the background or by the first
   * who changes them. Before anything is mounted.
   */
  public void findDatabases() throws IOException {
    findAll();
    for (DatabaseCapture database : byPath.values()) {
      boolean asStopped = database.isAsStopped(databases.lastEnd());
      if (database.loadWal() || !asStopped) {
        database.markUnread();
        recoverLater(database);
      }
    }
  }

  /**
   * Finds the databases that are there, on a node that followed another when it ended: their files
   * may be behind the log, and are brought on by a replica writer. Before anything is mounted.
   */
  public void findReplicas() throws IOException {
    findAll();
    for (DatabaseCapture database : byPath.values()) {
      database.watch();
    }
  }

  private void findAll() throws IOException {
    for (Database database : databases.all()) {
      byPath.put(
          PathCalls.raw(database.name()),
          new DatabaseCapture(this, PathCalls.raw(database.name()), database));
    }
    find("");
  }

  /** Has compared and cut whatever {@link #findDatabases} leaves to the background. */
  public void recoverAll() {
    byPath.values().forEach(DatabaseCapture::recover);
  }

  /**
   * Cuts what was written to a database without a journal or a WAL, and did not pause yet; for who
   * has its SHARED lock.
   */
  public void settleNow(String database) {
    DatabaseCapture known = byPath.get(PathCalls.raw(database));
    if (known != null) {
      known.settle(0, true);
    }
  }

  /**
   * A replica writer has the database from now on, and keeps applications from writing: what is
   * written is not cut any more.
   */
  public void follow(String database) {
    capture(PathCalls.raw(database)).follow();
  }

  /**
   * What is written to the database is cut from now on. Its file is in the state that the log ends
   * with, and the replica writer, which has not let go yet, writes no more.
   */
  public void lead(String database) throws IOException {
    capture(PathCalls.raw(database)).lead(databases.get(database));
  }

  /** Has applications open databases read-only for as long as {@code follows} says so. */
  public void openReadOnlyWhile(BooleanSupplier follows) {
    readOnly = follows;
  }

  /**
   * Others read copies of the databases: then no two transactions of a rollback mode may have the
   * same change counter, see {@link ChangeCounter}. Before anything is mounted.
   */
  public void copied(boolean some) {
    copied = some;
  }

  /** Bytes of a file were written by Sluice: the kernel may have others. */
  @FunctionalInterface
  public interface Rewritten {
    /** With a {@code length} of 0, all from {@code offset} on. */
    void rewritten(String path, long offset, long length);
  }

  /**
   * Has {@code action} run after this class wrote to a file of a database. On a thread that may be
   * answering a request, but none that writes there; no lock of this class is held.
   */
  public void onRewritten(Rewritten action) {
    onRewritten = action;
  }

  /**
   * Whether a file may be opened for writing now. A WAL always may: readers open it so, too.
   *
   * @param thread of the application, as the system numbers it
   */
  public boolean mayOpenForWriting(String path, int thread) {
    if (!readOnly.getAsBoolean() || kind(path) != Kind.MAIN) {
      return true;
    }
    String name = name(path);
    Database database = name == null ? null : databases.get(name);
    if (database == null || database.position().equals(Position.NONE) || Applicant.isSelf(thread)) {
      return true;
    }
    Applicant applicant = Applicant.of(thread);
    if (applicants.add(database.name(), applicant)) {
      log.info(
          "{}: {} opens it for writing and gets it read-only, as this node follows another; write on"
              + " the primary, and to read open it with mode=ro",
          database.name(),
          applicant);
    }
    databases.events().openedReadOnly(database.name());
    return false;
  }

  /**
   * Whether a file may lose its name. On a node that follows, only this process takes away files of
   * databases that it writes: nothing else would bring them back.
   *
   * @param thread of the application, as the system numbers it
   */
  public boolean mayDestroy(String path, int thread) {
    DatabaseCapture known = replica(path);
    if (known == null || Applicant.isSelf(thread)) {
      return true;
    }
    refusedToDestroy(known, thread);
    return false;
  }

  /**
   * Before a file gets a size.
   *
   * @param thread of the application, as the system numbers it
   * @return a negative errno refuses that
   */
  public int beforeTruncate(String path, long size, int thread) {
    if (!mayTruncate(path, size, thread)) {
      return -EROFS;
    }
    DatabaseCapture known =
        path.endsWith(SHM) && size <= FRESH_INDEX ? byPath.get(ofIndex(path)) : null;
    return known == null ? 0 : known.beforeRecovery();
  }

  /**
   * As {@link #mayDestroy}, but for the size that the database has, which a checkpoint of an
   * application gives it.
   */
  private boolean mayTruncate(String path, long size, int thread) {
    DatabaseCapture known = replica(path);
    if (known == null || Applicant.isSelf(thread)) {
      return true;
    }
    Database database = databases.get(Objects.requireNonNull(name(known.path())));
    if (path.equals(known.path())
        && database != null
        && size == (long) database.pageCount() * database.pageSize()) {
      return true;
    }
    refusedToDestroy(known, thread);
    return false;
  }

  /** The database that a file is part of, if a replica writer has that. */
  private @Nullable DatabaseCapture replica(String path) {
    Kind kind = kind(path);
    String main = kind == null ? ofIndex(path) : base(path, kind);
    DatabaseCapture known = byPath.get(main);
    return known != null && known.isReplica() ? known : null;
  }

  private void refusedToDestroy(DatabaseCapture known, int thread) {
    String name = Objects.requireNonNull(name(known.path()));
    Applicant applicant = Applicant.of(thread);
    if (applicants.add(name, applicant)) {
      log.warn(
          "{}: {} may not delete or empty it, as this node follows another; do that"
              + " on the primary",
          name,
          applicant);
    }
  }

  void recoverLater(DatabaseCapture database) {
    background.execute(database::recover);
  }

  private void find(String directory) throws IOException {
    int[] error = new int[1];
    List<PathCalls.Name> names =
        PathCalls.list(directory.isEmpty() ? root : root + '/' + directory, error);
    if (names == null) {
      throw new ErrnoException("cannot list " + root + '/' + directory, -error[0]);
    }
    FileStatus status = new FileStatus();
    for (PathCalls.Name name : names) {
      String path = directory.isEmpty() ? name.name() : directory + '/' + name.name();
      if (path.equals(STATE) || PathCalls.stat(root + '/' + path, status) < 0) {
        continue;
      }
      if (status.isDirectory()) {
        find(path);
      } else if (status.isRegular()
          && kind(path) == Kind.MAIN
          && selected.test(path)
          && looksLikeDatabase(path)) {
        capture(path);
      }
    }
  }

  /** A file with the magic, or one whose first transaction is still in its WAL or journal. */
  private boolean looksLikeDatabase(String path) throws IOException {
    if (exists(path + WAL) || exists(path + JOURNAL)) {
      return true;
    }
    ByteBuffer head = ByteBuffer.allocateDirect(DatabaseHeader.SIZE);
    try (NativeFile file = open(path)) {
      file.read(head, 0);
    }
    return DatabaseHeader.hasMagic(head.flip());
  }

  /** The file at a path, or null when it can't be part of a database. */
  public @Nullable CapturedFile file(String path) {
    Kind kind = kind(path);
    if (kind == null) {
      return null;
    }
    String main = base(path, kind);
    return selected.test(main) ? capture(main).file(kind) : null;
  }

  private static @Nullable Kind kind(String path) {
    return path.endsWith(SHM)
        ? null
        : path.endsWith(WAL) ? Kind.WAL : path.endsWith(JOURNAL) ? Kind.JOURNAL : Kind.MAIN;
  }

  private static String ofIndex(String path) {
    return path.substring(0, path.length() - SHM.length());
  }

  private static String base(String path, Kind kind) {
    int suffix =
        switch (kind) {
          case MAIN -> 0;
          case WAL -> WAL.length();
          case JOURNAL -> JOURNAL.length();
        };
    return path.substring(0, path.length() - suffix);
  }

  private DatabaseCapture capture(String path) {
    return byPath.computeIfAbsent(
        path,
        p -> {
          String name = name(p);
          return new DatabaseCapture(this, p, name == null ? null : databases.get(name));
        });
  }

  /**
   * The position of the database at a path, as a line; or null when there is no such database. What
   * the file holds now is covered by it, also after a start or a rename.
   */
  public @Nullable Supplier<String> position(String path) {
    String name = name(path);
    if (name == null) {
      return null;
    }
    if (databases.get(name) == null) {
      recover(path);
    }
    Database database = databases.get(name);
    return database == null
        ? null
        : () -> {
          recover(path);
          return database.applied() + "\n";
        };
  }

  /** Has what the files of a database hold now cut, as {@link #position} does. */
  public void captureNow(String database) {
    recover(PathCalls.raw(database));
  }

  private void recover(String path) {
    DatabaseCapture known = byPath.get(path);
    if (known != null) {
      known.recover();
    }
  }

  /**
   * Renames by {@code action}; databases among what moves go on under their new names.
   *
   * @param exchange whether {@code to} gets the name {@code from}
   */
  public int rename(String from, String to, boolean exchange, IntSupplier action) {
    if (hasReplica(from) || hasReplica(to)) {
      return -EROFS;
    }
    try {
      checkMayChange(from);
      checkMayChange(to);
    } catch (IOException e) {
      refused(from, e);
      return -ErrnoException.errnoOf(e);
    }
    int result = action.getAsInt();
    if (result < 0) {
      return result;
    }
    if (exchange) {
      renamed(from, to, true);
      renamed(to, from, true);
    } else {
      renamed(from, to, false);
    }
    return result;
  }

  /** Whether a replica writer has a database at or below a path, or one that a file belongs to. */
  private boolean hasReplica(String path) {
    return replica(path) != null
        || byPath.values().stream()
            .anyMatch(known -> known.isReplica() && known.path().startsWith(path + '/'));
  }

  /**
   * Where there are databases at or below {@code path}, it may get another name only if they may.
   */
  private void checkMayChange(String path) throws IOException {
    for (DatabaseCapture known : byPath.values()) {
      Database database = known.database();
      if (database != null
          && database.pageCount() > 0
          && (known.path().equals(path) || known.path().startsWith(path + '/'))) {
        checkMayCommit(database);
      }
    }
  }

  private void renamed(String from, String to, boolean exchanged) {
    boolean known = byPath.containsKey(from);
    for (String path : List.copyOf(byPath.keySet())) {
      if (path.equals(from) || path.startsWith(from + '/')) {
        DatabaseCapture moved = exchanged ? null : byPath.remove(path);
        if (moved != null) {
          moved.afterUnlink(Kind.WAL);
          moved.afterUnlink(Kind.MAIN);
        }
        replaced(to + path.substring(from.length()));
      }
    }
    // A file that was never written under its old name, or a WAL or journal without its database.
    if (!known) {
      replacedIfDatabase(to);
    }
    if (kind(from) != Kind.MAIN) {
      replacedIfDatabase(from);
    }
  }

  /** Another file is at {@code path} now, or no file. */
  private void replacedIfDatabase(String path) {
    Kind kind = kind(path);
    String main = kind == null ? path : base(path, kind);
    FileStatus status = new FileStatus();
    if (kind == null || PathCalls.stat(backing(main), status) < 0 || !status.isRegular()) {
      return;
    }
    try {
      if (byPath.containsKey(main) || looksLikeDatabase(main)) {
        replaced(main);
      }
    } catch (IOException e) {
      refused(main, e);
    }
  }

  private void replaced(String path) {
    capture(path).replaced();
  }

  /**
   * A file has lost its name. What is remembered of its path goes, too, unless that is, or may
   * become, a database. While no other thread can give a file that name.
   */
  public void removed(String path) {
    Kind kind = kind(path);
    String base = kind == null ? path : base(path, kind);
    DatabaseCapture known = byPath.get(base);
    if (known != null
        && known.isUnknown()
        && !exists(base)
        && !exists(base + WAL)
        && !exists(base + JOURNAL)) {
      byPath.remove(base, known);
    }
  }

  /** Reads a page of a database in use; see {@link dev.sluice.log.LivePages}. */
  public void read(String database, int pgno, ByteBuffer target) throws IOException {
    capture(PathCalls.raw(database)).readLive(pgno, target);
  }

  // For DatabaseCapture.

  void beforeWait() {
    beforeWait.run();
  }

  NativeFile open(String path) throws ErrnoException {
    return NativeFile.openRaw(backing(path), Libc.O_RDONLY);
  }

  NativeFile openToWrite(String path) throws ErrnoException {
    return NativeFile.openRaw(backing(path), Libc.O_RDWR);
  }

  boolean isCopied() {
    return copied;
  }

  void rewritten(String path, long offset, long length) {
    onRewritten.rewritten(path, offset, length);
  }

  boolean exists(String path) {
    return PathCalls.stat(backing(path), new FileStatus()) == 0;
  }

  String backing(String path) {
    return root + '/' + path;
  }

  /**
   * A file turned out to be a database: makes a place for its state. Null when it can't have one.
   */
  @Nullable Database discovered(DatabaseCapture capture) throws IOException {
    String name = name(capture.path());
    if (name == null) {
      log.warn("{} is not replicated: its name is not UTF-8", capture.path());
      return null;
    }
    log.info("{} is a database and replicated from now on", name);
    return databases.open(name);
  }

  void checkMayCommit(Database database) throws IOException {
    databases.checkMayCommit(database.name());
  }

  void acknowledge(Database database) throws IOException {
    databases.acknowledge(database);
  }

  void settleLater(DatabaseCapture database) {
    plainWrites.add(database);
  }

  void refused(String path, IOException why) {
    log.error("{}: a write was refused: {}", path, why.getMessage());
    String name = name(path);
    databases.events().refused(name == null ? path : name, why);
  }

  private static @Nullable String name(String raw) {
    byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
    try {
      CharBuffer name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return name.toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** Where plain writes are locked through: the mount, once it is there. */
  public void mountedAt(Path mountPoint) {
    plainWrites.mountedAt(PathCalls.raw(mountPoint.toAbsolutePath().toString()));
  }

  /**
   * After unmounting: cuts what has not been cut yet, and notes how the files look.
   *
   * @throws IOException when that can't be noted; the next start then reads the databases
   */
  @Override
  public void close() throws IOException {
    background.shutdownNow();
    plainWrites.close();
    Map<String, String> stamps = new TreeMap<>();
    for (DatabaseCapture database : byPath.values()) {
      String name = name(database.path());
      try {
        String stamp = database.stopped();
        if (stamp != null && name != null) {
          stamps.put(name, stamp);
        }
      } catch (IOException e) {
        log.warn("{}: the next start will read all of it: {}", name, e.getMessage());
      }
      database.closeFiles();
    }
    databases.lastEnd().stopped(stamps);
  }
}
