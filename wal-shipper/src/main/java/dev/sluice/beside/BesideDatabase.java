package dev.sluice.beside;

import dev.sluice.connection.LockedFile;
import dev.sluice.connection.MainLocks;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.os.FileStatus;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.WalIndex;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One database of an application, followed through its files.
 *
 * <pre>
 *            the header asks for a WAL
 *   absent ─┬─────────────────────────► attached: DMS, the gate, SHARED while busy
 *           │                             │  ▲ the -wal is gone: drained through the
 *           │                             └──┘ descriptor that is still there, and made anew
 *           └─► rollback: no lock; compared when writing has paused
 * </pre>
 *
 * <p>What can't be followed write by write is compared with the log, page by page; that is also how
 * everything begins. Safe for use by many threads.
 */
final class BesideDatabase implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(BesideDatabase.class);

  /** So long after the last change it is looked at every moment. */
  private static final long BUSY_NANOS = 50_000_000;

  /** So long after the last change the lock is held that keeps the WAL from being deleted. */
  private static final long SHARED_NANOS = 2_000_000_000;

  /** A rollback-mode database is read when nobody has written for so long. */
  private static final long PAUSE_NANOS = 5_000_000;

  /** While an application has it locked. */
  private static final long SOON_NANOS = 40_000_000;

  private static final long RETRY_NANOS = 1_000_000_000;
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  private static final int WRITERS_WAIT_MULTIPLE = 4;

  private final String name;
  private final Path path;
  private final Databases databases;
  private final int checkpointPages;
  private final String raw;

  /** Guards all below that is not volatile or atomic. */
  private final ReentrantLock lock = new ReentrantLock();

  private final FileStatus status = new FileStatus();
  private @Nullable LockedFile main;
  private long inode;
  private boolean shared;
  private @Nullable AttachedWal wal;
  private @Nullable Note note;

  /** Why only a comparison can tell what the files hold; null when the log has it. */
  private @Nullable String stale = "new here";

  /** True when a difference that is found then was to be expected. */
  private boolean expected = true;

  /** The main file as it was compared, in a rollback mode. */
  private Note.Stamp compared = Note.Stamp.NONE;

  /** The main file when it was last looked at. */
  private Note.Stamp looked = Note.Stamp.NONE;

  private long changedNanos = System.nanoTime() - SHARED_NANOS;
  private long retryNanos = System.nanoTime();
  private long backfillNanos;
  private int backlog;
  private int detached;

  /** There is a WAL of which one can't tell yet what is in it. */
  private boolean unsettled;

  private boolean isGone;
  private boolean closed;

  /** WALs of this database that lost their name, as events have it. */
  private final AtomicInteger deletedWals = new AtomicInteger();

  private final AtomicInteger touches = new AtomicInteger();
  private final AtomicInteger mainTouches = new AtomicInteger();
  private int seenTouches;
  private int comparedTouches;
  private volatile boolean namesChanged = true;
  private volatile @Nullable Database database;
  private volatile @Nullable String error;

  /** Work that may take long, wanted of another thread. */
  private volatile boolean wantsWork;

  BesideDatabase(String name, Path path, Databases databases, int checkpointPages) {
    this.name = name;
    this.path = path;
    this.databases = databases;
    this.checkpointPages = checkpointPages;
    this.raw = PathCalls.raw(path.toString());
    this.database = databases.get(name);
    if (database != null) {
      stale = "changed while Sluice did not run";
      expected = false;
    }
  }

  String name() {
    return name;
  }

  /** What is wrong and what to do, or null. */
  @Nullable String error() {
    return error;
  }

  /** True once when something that takes long is to be done by {@link #work}. */
  boolean takeWork() {
    boolean wanted = wantsWork;
    wantsWork = false;
    return wanted;
  }

  /** One of the files was written. */
  void touched(boolean isMain) {
    touches.incrementAndGet();
    if (isMain) {
      mainTouches.incrementAndGet();
    }
  }

  /** One of the files has come or gone. */
  void named(boolean walDeleted) {
    if (walDeleted) {
      deletedWals.incrementAndGet();
    }
    touches.incrementAndGet();
    namesChanged = true;
  }

  /** Events were lost. */
  void missedEvents() {
    lock.lock();
    try {
      if (wal == null) {
        lost("events of the file system were lost");
      }
      detached = deletedWals.get();
      namesChanged = true;
    } finally {
      lock.unlock();
    }
  }

  private void lost(String why) {
    if (stale == null) {
      stale = why;
      expected = false;
    }
  }

  /**
   * Captures what is new, without waiting for anybody.
   *
   * @return whether it is to be called again in a moment
   */
  boolean step() {
    if (!lock.tryLock()) {
      return true;
    }
    try {
      long now = System.nanoTime();
      if (closed || now < retryNanos) {
        return !closed && retryNanos - now < SOON_NANOS;
      }
      if (touches.get() != seenTouches) {
        seenTouches = touches.get();
        changedNanos = now;
      }
      if (namesChanged || wal == null) {
        namesChanged = false;
        findFiles();
      }
      if (main == null) {
        return false;
      }
      if (deletedWals.get() > detached && isWalMode()) {
        lost("a WAL came and went unseen");
      }
      if (stale != null) {
        wantsWork = true;
        return true;
      }
      boolean busy = wal != null ? stepWal(wal, now) : stepMain(now);
      if (stale == null) {
        error = null;
      } else {
        wantsWork = true;
      }
      return busy;
    } catch (IOException | RuntimeException e) {
      failed(e);
      return false;
    } finally {
      lock.unlock();
    }
  }

  private boolean stepWal(AttachedWal attached, long now) throws IOException {
    if (!shared && now - changedNanos < SHARED_NANOS) {
      takeShared();
    }
    AttachedWal.Seen seen = follow(attached);
    if (seen == AttachedWal.Seen.CAPTURED) {
      changedNanos = now;
    } else if (seen == AttachedWal.Seen.GAP) {
      lost("the WAL began anew before all of it was captured");
      return false;
    }
    if (!attached.isGateOpen()) {
      openGate(attached, now);
    }
    boolean busy =
        now - changedNanos < BUSY_NANOS
            || seen == AttachedWal.Seen.UNSETTLED
            || attached.isGateOpening();
    if (shared && !busy && now - changedNanos >= SHARED_NANOS) {
      locks().unlockAll();
      shared = false;
    }
    return busy;
  }

  private void openGate(AttachedWal attached, long now) throws IOException {
    attached.openGate();
    int behind = attached.notBackfilled();
    if (behind < checkpointPages || behind < backlog) {
      backlog = behind;
      backfillNanos = now;
    } else if (now - backfillNanos > 2 * BUSY_NANOS) {
      // Nobody else checkpoints.
      wantsWork = true;
    }
    if (isTooLong(attached)) {
      wantsWork = true;
    }
  }

  /** Whether writers may be made to wait for a restart of the WAL. */
  private boolean isTooLong(AttachedWal attached) {
    int limit = (attached.isGateHelpful() ? WRITERS_WAIT_MULTIPLE : 1) * checkpointPages;
    return !attached.isGateOpen() && attached.capturedFrames() > limit + checkpointPages / 4;
  }

  private AttachedWal.Seen follow(AttachedWal attached) throws IOException {
    Database of = Objects.requireNonNull(database);
    WalIndex.Header before = attached.captured();
    try {
      return attached.capture(of);
    } finally {
      if (!Objects.equals(before, attached.captured())) {
        writeNote();
      }
    }
  }

  /** In a rollback mode, or with no WAL yet. */
  private boolean stepMain(long now) throws IOException {
    if (isWalMode()) {
      return unsettled || now - changedNanos < BUSY_NANOS;
    }
    Note.Stamp stamp = stamp();
    if (!stamp.equals(looked)) {
      looked = stamp;
      changedNanos = now;
    }
    if (stamp.equals(compared) && comparedTouches == mainTouches.get()) {
      return now - changedNanos < BUSY_NANOS;
    }
    wantsWork = now - changedNanos >= PAUSE_NANOS;
    return true;
  }

  /**
   * Looks again now and then, where no event tells.
   *
   * @param thoroughly whether to look for files that have come or gone, too
   * @return as {@link #step}
   */
  boolean sweep(boolean thoroughly) {
    if (thoroughly) {
      namesChanged = true;
    }
    return !isIdle() && step();
  }

  /** Whether all is as it was: two system calls, as there may be thousands of databases. */
  private boolean isIdle() {
    if (!lock.tryLock()) {
      return true;
    }
    try {
      LockedFile file = main;
      AttachedWal attached = wal;
      if (namesChanged || file == null || stale != null || touches.get() != seenTouches) {
        return false;
      }
      if (attached != null) {
        return !shared && attached.isAsCaptured();
      }
      file.status(status);
      return !shared
          && error == null
          && status.size() == compared.sizeBytes()
          && Note.Stamp.mtimeNanos(status) == compared.mtimeNanos();
    } catch (IOException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Does what takes long; on a thread for that. */
  void work() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      findFiles();
      AttachedWal attached = wal;
      if (main == null) {
        return;
      }
      if (stale != null || attached == null) {
        if (!compare()) {
          retryNanos = System.nanoTime() + SOON_NANOS / 2;
        }
      } else if (attached.notBackfilled() >= checkpointPages) {
        attached.checkpoint();
        backfillNanos = System.nanoTime();
        backlog = attached.notBackfilled();
      }
      if (attached != null && attached == wal && stale == null && isTooLong(attached)) {
        restartUnderWriteLock(attached);
      }
    } catch (IOException | RuntimeException e) {
      failed(e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writers left no moment in which all was captured and in the main file: makes one, in which they
   * wait in their busy handlers.
   */
  private void restartUnderWriteLock(AttachedWal attached) throws IOException {
    attached.checkpoint();
    long deadline = System.nanoTime() + BUSY_NANOS;
    while (!attached.tryLockWriters()) {
      if (System.nanoTime() > deadline || follow(attached) == AttachedWal.Seen.GAP) {
        return;
      }
    }
    try {
      if (follow(attached) != AttachedWal.Seen.GAP) {
        attached.checkpoint();
        attached.openGate();
      }
    } finally {
      attached.unlockWriters();
    }
  }

  /** Captures all that is committed now. */
  void captureNow() throws IOException {
    lock.lock();
    try {
      long deadline = System.nanoTime() + PATIENCE_NANOS;
      do {
        findFiles();
        if (main == null || closed) {
          return;
        }
        AttachedWal attached = wal;
        if (stale == null && attached != null) {
          AttachedWal.Seen seen = follow(attached);
          if (seen == AttachedWal.Seen.NOTHING || seen == AttachedWal.Seen.CAPTURED) {
            return;
          }
          if (seen == AttachedWal.Seen.GAP) {
            lost("the WAL began anew before all of it was captured");
          }
        } else if (stale == null && (isWalMode() ? !unsettled : stamp().equals(compared))) {
          return;
        } else if (compare()) {
          return;
        }
        LockSupport.parkNanos(1_000_000);
      } while (System.nanoTime() < deadline);
      throw new IOException(
          name + ": an application has it locked; what it commits is not captured");
    } finally {
      lock.unlock();
    }
  }

  /** Reads a page, see {@link dev.sluice.log.LivePages}. */
  void read(int pgno, ByteBuffer target) throws IOException {
    lock.lock();
    try {
      AttachedWal attached = wal;
      LockedFile file = main;
      if (attached != null) {
        attached.read(pgno, target);
      } else if (file != null) {
        Pages.readMain(file, pgno, target);
      } else {
        throw new IOException(path + " is gone");
      }
    } finally {
      lock.unlock();
    }
  }

  // Which files there are.

  private void findFiles() throws IOException {
    if (PathCalls.stat(raw, status) < 0 || !status.isRegular()) {
      gone();
      return;
    }
    LockedFile file = main;
    if (file != null && status.inode() != inode) {
      detach();
      closeMain();
      lost("another file is in its place");
      file = null;
    }
    if (file == null) {
      file = LockedFile.openExisting(path).orElse(null);
      if (file == null) {
        return;
      }
      main = file;
      isGone = false;
      file.status(status);
      inode = status.inode();
    }
    AttachedWal attached = wal;
    boolean hasWal = PathCalls.stat(raw + "-wal", status) == 0;
    if (attached != null
        && (!hasWal
            || status.inode() != attached.inode()
            || PathCalls.stat(raw + "-shm", status) < 0
            || status.inode() != attached.indexInode())) {
      detach();
    }
    if (wal == null) {
      if (isWalMode()) {
        if (!shared && !takeShared()) {
          return;
        }
        unsettled = false;
        // Between the two an application may have left WAL mode.
        if (isWalMode()) {
          attach(file);
        }
      } else if (shared) {
        locks().unlockAll();
        shared = false;
      }
    }
  }

  private void attach(LockedFile file) throws IOException {
    AttachedWal attached = AttachedWal.open(file);
    wal = attached;
    unsettled = false;
    if (database == null) {
      return;
    }
    Note.Place place = stale != null && !expected ? noted() : null;
    if (place != null
        && place.walInode() == attached.inode()
        && attached.resume(place.salt1(), place.salt2(), place.frame())) {
      stale = null;
    } else if (stale == null || isMain(place)) {
      AttachedWal.Fresh fresh = wasRollback() ? AttachedWal.Fresh.NO : attached.resumeNew();
      if (fresh == AttachedWal.Fresh.UNSETTLED) {
        attached.close();
        wal = null;
        unsettled = true;
        return;
      }
      if (fresh == AttachedWal.Fresh.YES) {
        stale = null;
      } else if (stale == null) {
        stale = "a WAL was begun while nobody looked";
        expected = wasRollback();
      }
    }
    compared = Note.Stamp.NONE;
  }

  /** Whether a place is the main file as it is now. */
  private boolean isMain(Note.@Nullable Place place) throws IOException {
    return place != null && place.walInode() == 0 && place.stamp().equals(stamp());
  }

  private boolean wasRollback() {
    return !compared.equals(Note.Stamp.NONE);
  }

  /** What was noted of these files, if the log still stands there. */
  private Note.@Nullable Place noted() throws IOException {
    Database of = database;
    if (of == null || !of.isConsistent()) {
      return null;
    }
    return note()
        .read()
        .filter(p -> p.inode() == inode && p.position().equals(of.position()))
        .orElse(null);
  }

  /** The WAL has lost its name: what it still has is captured. */
  private void detach() throws IOException {
    AttachedWal attached = wal;
    if (attached == null) {
      return;
    }
    try {
      if (stale == null) {
        AttachedWal.Seen seen = follow(attached);
        if (seen != AttachedWal.Seen.NOTHING && seen != AttachedWal.Seen.CAPTURED) {
          lost("the WAL was deleted before all of it was captured");
        }
      }
      detached++;
    } finally {
      attached.close();
      wal = null;
    }
  }

  private void gone() throws IOException {
    if (main != null) {
      detach();
      closeMain();
      lost("the file was gone");
    }
    if (database != null && !isGone) {
      isGone = true;
      error = path + " is gone; its history is kept, and goes on when a file is there again";
      log.warn("{}: {}", name, error);
    }
  }

  private void closeMain() {
    LockedFile file = main;
    if (file != null) {
      file.close();
      main = null;
      shared = false;
    }
  }

  private MainLocks locks() {
    return new MainLocks(Objects.requireNonNull(main));
  }

  private boolean takeShared() throws IOException {
    shared = shared || locks().tryShared();
    return shared;
  }

  private boolean isWalMode() throws IOException {
    return Pages.header(Objects.requireNonNull(main)).map(DatabaseHeader::isWal).orElse(false);
  }

  private Note.Stamp stamp() throws IOException {
    return Note.Stamp.of(Objects.requireNonNull(main), status);
  }

  // Comparing with the log.

  /**
   * Compares the files with the log and cuts what differs.
   *
   * @return false when an application holds locks, or is in the middle of writing
   */
  private boolean compare() throws IOException {
    LockedFile file = Objects.requireNonNull(main);
    if (Pages.header(file).isEmpty() && (database == null || file.size() == 0)) {
      // Not a database, or not yet, or not any more.
      if (database != null) {
        error = path + " is empty; its history is kept";
      }
      return true;
    }
    if (wal == null && stale != null && !expected && !isWalMode()) {
      Note.Place place = noted();
      if (place != null && isMain(place)) {
        compared = place.stamp();
        stale = null;
        return true;
      }
    }
    Database of = databases.open(name);
    database = of;
    boolean first = of.position().equals(Position.NONE);
    int deleted = deletedWals.get();
    comparedTouches = mainTouches.get();
    boolean differed;
    AttachedWal attached = wal;
    if (attached != null) {
      Optional<Boolean> result = attached.compare(of);
      if (result.isEmpty()) {
        return false;
      }
      differed = result.get();
    } else {
      MainComparison.Result result = new MainComparison(file, of, raw).run(shared).orElse(null);
      if (result == null) {
        return false;
      }
      differed = result.differed();
      compared = isWalMode() ? Note.Stamp.NONE : result.stamp();
    }
    detached = deleted;
    if (first) {
      log.info("{} is a database and replicated from now on", name);
    } else if (stale != null && !expected && differed) {
      databases.events().gap(name, stale);
      log.warn(
          "{}: {}: what had changed was found by comparing all pages and is transaction {}",
          name,
          stale,
          of.position());
    }
    stale = null;
    expected = false;
    error = null;
    writeNote();
    return true;
  }

  private Note note() throws IOException {
    Note of = note;
    if (of == null) {
      of = Note.open(Objects.requireNonNull(database).directory());
      note = of;
    }
    return of;
  }

  private void writeNote() throws IOException {
    AttachedWal attached = wal;
    Database of = database;
    if (of == null || main == null) {
      return;
    }
    if (attached == null) {
      Note.Stamp stamp = wasRollback() ? compared : stamp();
      note().write(new Note.Place(of.position(), inode, 0, 0, 0, 0, stamp));
      return;
    }
    WalIndex.Header at = attached.captured();
    if (at != null) {
      note()
          .write(
              new Note.Place(
                  of.position(),
                  inode,
                  attached.inode(),
                  at.salt1(),
                  at.salt2(),
                  at.maxFrame(),
                  Note.Stamp.NONE));
    }
  }

  private void failed(Exception e) {
    retryNanos = System.nanoTime() + RETRY_NANOS;
    String now = e.getMessage() == null ? e.toString() : e.getMessage();
    if (!now.equals(error)) {
      error = now;
      log.error("{}: not captured, tried again every second: {}", name, now);
      log.debug("{}", name, e);
    }
  }

  /** Captures what is there and lets go of the files. */
  void stop() {
    lock.lock();
    try {
      if (!closed && main != null && error == null) {
        captureNow();
        if (stale == null) {
          writeNote();
        }
      }
    } catch (IOException | RuntimeException e) {
      log.warn("{}: the next start will compare all of it: {}", name, e.getMessage());
    } finally {
      close();
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      AttachedWal attached = wal;
      if (attached != null) {
        attached.close();
        wal = null;
      }
      closeMain();
      Note of = note;
      if (of != null) {
        of.close();
        note = null;
      }
    } finally {
      lock.unlock();
    }
  }
}
