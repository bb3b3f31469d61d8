package dev.sluice.capture;

import dev.sluice.capture.CapturedFile.Kind;
import dev.sluice.log.Database;
import dev.sluice.log.LastEnd;
import dev.sluice.log.PageReader;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.PageSize;
import dev.sluice.sqlite.RollbackJournal;
import dev.sluice.sqlite.WalHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the commits in the writes to one database.
 *
 * <pre>
 *   WAL        a frame with a database size               ─► cut the frames since the last commit
 *   journal    unlinked, truncated to 0, header zeroed    ─► cut the pages written to the main file
 *              (header: seen as it is written, or looked at when the kernel writes it by itself)
 *   neither    plain writes, then a pause                 ─► cut them under SQLite's SHARED lock
 *   checkpoint writes to the main file while a WAL exists ─► nothing: they were cut as frames
 * </pre>
 *
 * <p>A file is a database once its first page carries SQLite's magic at a commit. Until then
 * nothing of it is kept on the disk.
 */
final class DatabaseCapture {
  private static final Logger log = LoggerFactory.getLogger(DatabaseCapture.class);

  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int ENOENT = 2;

  /** No database has more pages; writes farther out belong to none. */
  private static final long LAST_PAGE = Integer.MAX_VALUE - 1;

  private final Capture capture;
  private final String path;
  private final CapturedFile mainCaptured = new CapturedFile(this, Kind.MAIN);
  private final CapturedFile walCaptured = new CapturedFile(this, Kind.WAL);
  private final CapturedFile journalCaptured = new CapturedFile(this, Kind.JOURNAL);

  /** Guards all below. Never held over a call that another lock holder waits for. */
  private final ReentrantLock lock = new ReentrantLock();

  private @Nullable Database database;

  /** A replica writer has the database, and keeps applications from writing: nothing is cut. */
  private volatile boolean replica;

  private final DatabaseFiles files;
  private final WalTail wal = new WalTail();
  private final JournalTail journal;

  /** Pages written to the main file since the last cut, other than by a checkpoint. */
  private final PageSet dirty = new PageSet();

  /** Pages of a withdrawn commit: the next transaction has to carry what they hold now. */
  private final PageSet withdrawn = new PageSet();

  private final ChangeCounter changeCounter = new ChangeCounter();

  /** Page 1 was written past the kernel, which has to be told once the lock is free. */
  private boolean headRewritten;

  /** What was cut last was not acknowledged. */
  private boolean unacknowledged;

  /** The thread that last wrote to the main file. */
  private int mainWriter;

  /** The WAL was fsynced, and the log was not since then. */
  private boolean logBehindWal;

  /** Whether the WAL was synced after the last commit in it. */
  private boolean walSynced;

  /** What is in the files was not compared with the log yet: the first who changes them does it. */
  private boolean unread;

  private volatile int mainOpens;

  /** Pages were written without a journal or a WAL, and are not cut yet. */
  private volatile boolean plainWrites;

  private long lastPlainWriteNanos;

  /** Why plain writes could not be cut when that was last tried; null when they could. */
  private @Nullable String notSettled;

  DatabaseCapture(Capture capture, String path, @Nullable Database database) {
    this.capture = capture;
    this.path = path;
    this.database = database;
    this.files = new DatabaseFiles(capture, path);
    this.journal = new JournalTail(files);
  }

  /** No database was found here so far, and nothing is going on. */
  boolean isUnknown() {
    if (!lock.tryLock()) {
      return false;
    }
    try {
      return database == null;
    } finally {
      lock.unlock();
    }
  }

  boolean isReplica() {
    return replica;
  }

  CapturedFile file(Kind kind) {
    return switch (kind) {
      case MAIN -> mainCaptured;
      case WAL -> walCaptured;
      case JOURNAL -> journalCaptured;
    };
  }

  String path() {
    return path;
  }

  @Nullable Database database() {
    return database;
  }

  // The WAL.

  int writeWal(int fd, long offset, ByteBuffer data, long address) {
    acquire();
    try {
      if (journal.isActive()) {
        seeJournal();
      }
      int size = data.remaining();
      int refused = wal.refusal(offset);
      if (refused > 0) {
        return -refused;
      }
      if (offset < WalHeader.SIZE) {
        settleWal(false);
      }
      int n = (int) Libc.pwrite(fd, address, size, offset);
      if (n < size || replica) {
        return n;
      }
      if (offset < WalHeader.SIZE && isAlone()) {
        wal.forget();
        return n;
      }
      NativeFile file = files.wal();
      if (offset < WalHeader.SIZE) {
        wal.restart(file, offset + size);
        followWal(fd, file, offset, data);
        return n;
      }
      int withdrawnFrom = wal.committed();
      int from = wal.wrote(offset, data);
      for (int frame = from + 1; from >= 0 && frame <= withdrawnFrom; frame++) {
        withdrawn.add(wal.pgno(frame));
      }
      followWal(fd, file, offset, data);
      return n;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /**
   * Whether the main file is not there: deleted before its WAL, or not copied yet. What happens to
   * the WAL then is no transaction.
   */
  private boolean isAlone() {
    Database known = database;
    return (known == null || known.pageCount() == 0) && !files.hasMain();
  }

  private void followWal(int fd, NativeFile file, long offset, ByteBuffer data) throws IOException {
    Scratch scratch = Scratch.get();
    for (int commit; (commit = wal.next(file, offset, data, scratch.page)) >= 0; ) {
      if (commit == 0) {
        continue;
      }
      if (walSynced) {
        // As with synchronous = FULL: the disk is busy until the fsync comes, while this is cut.
        Libc.startWriteback(fd);
        walSynced = false;
      }
      try {
        cutFrames(file, commit, scratch);
      } catch (IOException e) {
        wal.refuse(fd, ErrnoException.errnoOf(e));
        throw e;
      }
      wal.markCommitted();
      withdrawn.clear();
    }
  }

  /** Cuts the frames between the last commit and the last valid frame. */
  private void cutFrames(NativeFile file, int commit, Scratch scratch) throws IOException {
    int first = wal.committed() + 1;
    scratch.ensure(wal.valid() - wal.committed() + 1);
    long[] newest = scratch.frames;
    int count = wal.newest(newest);
    if (!journal.isActive()) {
      takePlainWrites();
    }
    int found = count;
    Database before = database;
    int pagesBefore = before == null || !withdrawn.isEmpty() ? 0 : before.pageCount();
    int[] pages = scratch.pages;
    for (int i = 0; i < count; i++) {
      pages[i] = WalTail.pgno(newest[i]);
    }
    if (!withdrawn.isEmpty()) {
      for (int i = 0; i < count; i++) {
        withdrawn.add(pages[i]);
      }
      pages = withdrawn.sorted();
      count = withdrawn.size();
    }
    try {
      cut(
          wal.pageSize(),
          commit,
          pages,
          count,
          (pgno, target) -> {
            int frame = WalTail.frameOf(pgno, newest, found);
            if (frame > 0) {
              file.readFully(target, wal.pageOffset(frame));
            } else {
              readVisible(pgno, target, wal.committed());
            }
          },
          wal.range(first, wal.valid()));
    } catch (IOException e) {
      // It may be in the log, and must not stay there.
      for (int i = 0; i < found; i++) {
        withdrawn.add(WalTail.pgno(newest[i]));
      }
      takeBack(pagesBefore);
      throw e;
    }
  }

  /**
   * Cuts the state before a transaction again that was cut and not acknowledged, so that others do
   * not have it for longer than need be. If that can't be now, the next transaction does it.
   *
   * @param pageCount before it; 0 when that is not known
   */
  private void takeBack(int pageCount) {
    Database known = database;
    if (!unacknowledged || known == null || pageCount == 0 || known.pageSize() != wal.pageSize()) {
      return;
    }
    int committed = wal.committed();
    try {
      cut(
          wal.pageSize(),
          pageCount,
          withdrawn.sorted(),
          withdrawn.size(),
          (pgno, target) -> readVisible(pgno, target, committed),
          WalRange.NONE);
      withdrawn.clear();
    } catch (IOException e) {
      log.debug("{}: not taken back yet", path, e);
    }
  }

  /**
   * What was written without a journal just before the WAL began would be cut from the main file
   * alone, which no longer says what the database holds: the first transaction of the WAL takes it.
   */
  private void takePlainWrites() {
    int[] pages = dirty.sorted();
    for (int i = 0; i < dirty.size(); i++) {
      withdrawn.add(pages[i]);
    }
    dirty.clear();
  }

  /**
   * The content of a page with the first {@code frames} frames of the WAL applied; zeros beyond the
   * end.
   */
  private void readVisible(int pgno, ByteBuffer target, int frames) throws IOException {
    int frame = wal.newestFrame(pgno, frames);
    if (frame > 0) {
      files.wal().readFully(target, wal.pageOffset(frame));
      return;
    }
    readMain(pgno, target);
  }

  private void readMain(int pgno, ByteBuffer target) throws IOException {
    Recovery.readPage(files.main(), pgno, target);
  }

  /**
   * Before the WAL begins anew or goes: all of it is in the main file now, unless its last commit
   * was withdrawn (its writer died before it published it). Compares, and cuts the difference if
   * there is one.
   */
  private void settleWal(boolean all) throws IOException {
    Database known = database;
    boolean nothing = wal.committed() == 0 && withdrawn.isEmpty();
    if (known == null || replica || nothing || !files.hasMain()) {
      // A WAL whose database was deleted before it is compared with nothing.
      return;
    }
    int pageSize = wal.isPresent() ? wal.pageSize() : known.pageSize();
    int first = all || wal.isUnsealed() ? 1 : wal.previousCommitted() + 1;
    for (int frame = first; frame <= wal.committed(); frame++) {
      withdrawn.add(wal.pgno(frame));
    }
    wal.forEachUncommitted(
        files.wal(),
        Scratch.get().page,
        pgno -> {
          if (pgno > 0) {
            withdrawn.add(pgno);
          }
        });
    DatabaseHeader header = Recovery.readHeader(files.main());
    int commit =
        header == null
            ? (int) (files.main().size() / pageSize)
            : Recovery.pageCount(header, files.main());
    cut(pageSize, commit, withdrawn.sorted(), withdrawn.size(), this::readMain, WalRange.NONE);
    withdrawn.clear();
  }

  int truncateWal(int fd, long size) {
    acquire();
    try {
      if (size == 0) {
        settleWal(false);
      }
      int result = Libc.ftruncate(fd, size);
      if (result == 0) {
        wal.truncated(size);
      }
      return result;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /**
   * The wal-index is being cut: nobody has it, and whoever opens the database recovers the WAL
   * next. That may be with other connections just gone, or killed. SQLite's recovery has to find
   * all that is committed there. Of files that took these names nothing is known yet.
   */
  int beforeRecovery() {
    if (!wal.isUnsealed()) {
      // Who only reads must not wait for a database that is being compared with the log.
      return 0;
    }
    acquireLock();
    long sealed = -1;
    try {
      if (wal.isUnsealed() && !unread && !replica) {
        capture.beforeWait();
        try (NativeFile file = capture.openToWrite(path + Capture.WAL)) {
          sealed = UnsealedWal.seal(path, file, wal.committed());
        }
        wal.sealed();
      }
      return 0;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      lock.unlock();
      if (sealed >= 0) {
        capture.rewritten(path + Capture.WAL, sealed, 0);
      }
    }
  }

  // The rollback journal and the main file.

  int writeJournal(int fd, long offset, ByteBuffer data, long address) {
    acquire();
    try {
      if (offset == 0 && data.remaining() >= Integer.BYTES) {
        if (JournalTail.isHeader(data)) {
          journal.begins();
        } else {
          endJournal();
        }
      }
      return (int) Libc.pwrite(fd, address, data.remaining(), offset);
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  void journalBypassed() {
    journal.bypassed();
  }

  /**
   * A journal that the kernel writes by itself may have begun or ended since the last look: then
   * what was written to the main file before that is committed.
   *
   * <p>In PERSIST mode a transaction ends by a header of zeros. SQLite fsyncs that, and the
   * transaction has been cut at the fsync of the main file already. Without fsyncs (synchronous =
   * OFF) the end shows when the journal is closed, at the next write to the main file, or, should
   * nothing of that come, after a while.
   */
  private void seeJournal() throws IOException {
    if (!journal.isBypassed() || replica) {
      return;
    }
    long seen = journal.look();
    if (journal.isEndedBy(seen)) {
      endJournal();
    }
    journal.sees(seen);
  }

  int fsyncJournal(int fd, boolean dataOnly) {
    int result = sync(fd, dataOnly);
    return result < 0 || !journal.isBypassed() ? result : lookAtEnd();
  }

  void journalReleased() {
    if (journal.isBypassed()) {
      lookAtEnd();
    }
  }

  /** Where a transaction may have ended. */
  private int lookAtEnd() {
    acquire();
    try {
      if (!dirty.isEmpty()) {
        seeJournal();
      }
      return 0;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  int truncateJournal(int fd, long size) {
    acquire();
    try {
      if (size == 0) {
        endJournal();
      }
      return Libc.ftruncate(fd, size);
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /** The journal is about to lose its meaning: what was written to the main file is committed. */
  private void endJournal() throws IOException {
    if (journal.isRollingBack()) {
      dirty.clear();
    } else if (!dirty.isEmpty() && !replica) {
      cutMain();
      Database known = database;
      if (journal.isMainSynced() && known != null) {
        capture.beforeWait();
        known.log().sync();
      }
    }
    journal.ended();
  }

  /** Cuts what was written to the main file since the last cut. */
  private void cutMain() throws IOException {
    NativeFile file = files.main();
    DatabaseHeader header = Recovery.readHeader(file);
    if (header == null) {
      // Emptied, or not a database (yet).
      Database known = database;
      if (known != null && known.pageCount() > 0 && file.size() == 0) {
        cut(known.pageSize(), 0, new int[0], 0, this::readMain, WalRange.NONE);
      }
      dirty.clear();
      return;
    }
    int pageCount = Recovery.pageCount(header, file);
    if (journal.isActive()) {
      tellApart(header, pageCount);
    }
    cut(header.pageSize(), pageCount, dirty.sorted(), dirty.size(), this::readMain, WalRange.NONE);
    dirty.clear();
  }

  /**
   * Gives a transaction another change counter where that which SQLite wrote does not tell it from
   * all that were cut. The connection that wrote it finds that somebody changed the database when
   * it next looks, and reads it anew.
   */
  private void tellApart(DatabaseHeader header, int pageCount) throws IOException {
    int written = header.changeCounter();
    int counter = changeCounter.after(written);
    Database known = database;
    if (counter != written) {
      if (known == null
          || !capture.isCopied()
          || !known.differs(
              header.pageSize(), pageCount, dirty.sorted(), dirty.size(), this::readMain)) {
        return;
      }
      dirty.add(1);
      headRewritten = true;
      try (NativeFile file = capture.openToWrite(path)) {
        DatabaseHeader.writeChangeCounter(file::write, header, counter);
      }
      log.debug("{}: change counter {} in place of {}", path, counter, written);
    }
    changeCounter.cut(counter);
  }

  private void cut(
      int pageSize, int commit, int[] pages, int count, PageReader reader, WalRange range)
      throws IOException {
    Database known = database;
    if (known == null) {
      known = capture.discovered(this);
      if (known == null) {
        return;
      }
      database = known;
    }
    unacknowledged = false;
    if (known.commit(pageSize, commit, pages, count, reader, range)) {
      unacknowledged = true;
      capture.acknowledge(known);
      unacknowledged = false;
    }
  }

  int writeMain(int fd, long offset, ByteBuffer data, long address, int caller) {
    acquire();
    try {
      seeJournal();
      mainWriter = caller;
      int size = data.remaining();
      boolean plain = !journal.isActive() && !wal.isPresent();
      if (!wal.isPresent() || journal.isActive()) {
        markDirty(offset, data);
      } else {
        beforeCheckpoint();
      }
      int n = (int) Libc.pwrite(fd, address, size, offset);
      // The kernel can't be told of another page than it is writing; mostly that is page 1.
      headRewritten &= offset >= PageSize.MAX;
      if (plain && !dirty.isEmpty() && !replica) {
        wrotePlainly();
      } else if (journal.isBypassed() && !journal.syncs()) {
        capture.settleLater(this);
      }
      return n;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /**
   * A checkpoint, which begins with an fsync of the WAL, overwrites the main file. The log has to
   * be durable then, too: after a loss of power the transactions that it lacks can be cut again,
   * one by one, only as long as the main file has nothing of them.
   */
  private void beforeCheckpoint() throws IOException {
    Database known = database;
    if (logBehindWal && known != null && !replica) {
      capture.beforeWait();
      known.log().sync();
      logBehindWal = false;
    }
  }

  /**
   * The log need not become durable with the WAL, because it can be cut again from that; unless
   * SQLite's recovery would not find all of it. Then the log has to say what was committed.
   */
  int fsyncWal(int fd, boolean dataOnly) {
    acquire();
    logBehindWal = true;
    walSynced = true;
    Database known = wal.isUnsealed() ? database : null;
    release();
    int result = sync(fd, dataOnly);
    return result < 0 || known == null ? result : syncLog(known);
  }

  private int syncLog(Database known) {
    try {
      known.log().sync();
      return 0;
    } catch (IOException e) {
      return refuse(e);
    }
  }

  static int sync(int fd, boolean dataOnly) {
    return dataOnly ? Libc.fdatasync(fd) : Libc.fsync(fd);
  }

  private void markDirty(long offset, ByteBuffer data) {
    if (replica) {
      return;
    }
    int pageSize = database == null ? 0 : database.pageSize();
    if (pageSize == 0) {
      // No transaction yet: the first one holds all pages anyway. Only the fact counts.
      if (offset != 0 || DatabaseHeader.hasMagic(data)) {
        dirty.add(1);
      }
      return;
    }
    markDirty(offset, offset + data.remaining(), pageSize);
  }

  private void markDirty(long offset, long end, int pageSize) {
    long last = Math.min((end - 1) / pageSize + 1, LAST_PAGE);
    for (long pgno = offset / pageSize + 1; pgno <= last; pgno++) {
      dirty.add((int) pgno);
    }
  }

  int truncateMain(int fd, long size) {
    acquire();
    try {
      seeJournal();
      int result = Libc.ftruncate(fd, size);
      if (result == 0 && size == 0 && !journal.isActive()) {
        // No checkpoint does that: the file is written over, whatever its WAL says.
        wal.forget();
      }
      Database known = database;
      if (result == 0
          && known != null
          && !replica
          && (journal.isActive() || (!wal.isPresent() && size < sizeOf(known)))) {
        dirty.add(1);
        if (!journal.isActive()) {
          wrotePlainly();
        }
      }
      return result;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /**
   * What lies beyond is no part of the database: SQLite takes that off after the end of the
   * journal, and must not find Sluice's lock a moment later.
   */
  private static long sizeOf(Database known) {
    return (long) known.pageCount() * known.pageSize();
  }

  int fallocate(Kind kind, int fd, int mode, long offset, long length) {
    acquire();
    try {
      seeJournal();
      long size = Libc.size(fd);
      int result = Libc.fallocate(fd, mode, offset, length);
      if (result == 0
          && kind == Kind.MAIN
          && (mode & ~FALLOC_FL_KEEP_SIZE) != 0
          && database != null
          && !replica) {
        // What was beyond the end had no content to lose.
        markDirty(offset, Math.min(size, offset + length), Math.max(512, database.pageSize()));
        if (!journal.isActive() && !wal.isPresent()) {
          wrotePlainly();
        }
      }
      return result;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  /**
   * The log becomes durable together with the main file: after a checkpoint SQLite may overwrite
   * the WAL, and then only the log has its transactions one by one. In a journaled transaction the
   * thread that has written the pages syncs them when they are complete, just before it ends the
   * journal, so it is cut here: the log is then written to the disk while the main file is. Should
   * the journal be rolled back after all, its end cuts the difference.
   */
  int fsyncMain(int fd, boolean dataOnly, int caller) {
    acquire();
    Database known;
    try {
      if (journal.isActive()
          && !journal.isRollingBack()
          && caller == mainWriter
          && !dirty.isEmpty()
          && !replica) {
        cutMain();
      }
      known = database;
      journal.mainSynced();
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
    if (known != null) {
      known.log().startSync();
    }
    int result = sync(fd, dataOnly);
    return result < 0 || known == null ? result : syncLog(known);
  }

  // Names.

  int beforeUnlink(Kind kind) {
    acquire();
    try {
      if (kind == Kind.JOURNAL) {
        endJournal();
        journal.unlinked();
      } else if (kind == Kind.WAL) {
        settleWal(true);
      } else if (!replica && database != null && database.pageCount() > 0) {
        capture.checkMayCommit(database);
      }
      return 0;
    } catch (IOException e) {
      return refuse(e);
    } finally {
      release();
    }
  }

  void afterUnlink(Kind kind) {
    acquire();
    try {
      if (kind == Kind.WAL) {
        wal.forget();
        files.closeWal();
      } else if (kind == Kind.MAIN) {
        files.closeMain();
        dirty.clear();
        withdrawn.clear();
        wal.forget();
        changeCounter.forget();
        Database known = database;
        if (known != null && known.pageCount() > 0 && !replica) {
          known.commit(known.pageSize(), 0, new int[0], 0, this::readMain, WalRange.NONE);
        }
      }
    } catch (IOException e) {
      log.error(
          "{}: was deleted, but that could not be put into the log: {}", path, e.getMessage());
    } finally {
      release();
    }
  }

  /** Another file has this name now. */
  void replaced() {
    acquire();
    files.close();
    unread = true;
    changeCounter.forget();
    release();
    capture.recoverLater(this);
  }

  // Roles.

  /** A replica writer has got the locks that keep applications from writing. */
  void follow() {
    acquire();
    try {
      replica = true;
      forget();
    } finally {
      release();
    }
  }

  /**
   * Applications may write from when the replica writer lets go. The files are in the state that
   * the log ends with.
   */
  void lead(@Nullable Database known) throws IOException {
    acquire();
    try {
      database = known;
      forget();
      watchNow();
      replica = false;
    } finally {
      release();
    }
  }

  /** Reads the WAL before the mount, so that commits behind it are found, and refused. */
  void watch() throws IOException {
    lock.lock();
    try {
      watchNow();
    } finally {
      lock.unlock();
    }
  }

  private void watchNow() throws IOException {
    if (files.hasWal()) {
      wal.load(files.wal());
    }
    journal.load(database == null ? 0 : database.pageSize());
  }

  private void forget() {
    files.close();
    dirty.clear();
    withdrawn.clear();
    wal.forget();
    changeCounter.othersMayBeAhead();
    journal.forget();
    plainWrites = false;
    unread = false;
  }

  // Plain writes.

  private void wrotePlainly() {
    lastPlainWriteNanos = System.nanoTime();
    plainWrites = true;
    capture.settleLater(this);
  }

  /** Under the lock of the names, so it waits for nothing. */
  void mainHandles(int count) {
    mainOpens = count;
    if (count == 0 && plainWrites) {
      capture.settleLater(this);
    }
  }

  /**
   * Cuts plain writes if they have paused and make a whole database. Returns false when it has to
   * be tried again later.
   *
   * @param locked whether the caller holds SQLite's SHARED lock on the file
   */
  boolean settle(long pauseNanos, boolean locked) {
    acquire();
    try {
      seeJournal();
      if (dirty.isEmpty() || journal.isActive()) {
        plainWrites = false;
        if (journal.isActive() && journal.isBypassed() && !dirty.isEmpty()) {
          capture.settleLater(this);
        }
        return true;
      }
      boolean closed = mainOpens == 0;
      if (!closed && (!locked || System.nanoTime() - lastPlainWriteNanos < pauseNanos)) {
        return false;
      }
      if (!closed && !sizeAgrees()) {
        return false;
      }
      cutPlain();
      plainWrites = false;
      notSettled = null;
      return true;
    } catch (IOException e) {
      if (!files.hasMain()) {
        // Deleted just now; afterUnlink cuts that.
        return true;
      }
      // It is tried again all the time; said once.
      if (!Objects.equals(e.getMessage(), notSettled)) {
        notSettled = e.getMessage();
        refuse(e);
      }
      return false;
    } finally {
      release();
    }
  }

  /** Cuts plain writes: with what a WAL copied beside them has committed, as SQLite sees it. */
  private void cutPlain() throws IOException {
    if (files.hasWal()) {
      recoverNow();
    } else {
      cutMain();
    }
  }

  /** The file may be longer than the database: it was then grown in chunks, or written over. */
  private boolean sizeAgrees() throws IOException {
    DatabaseHeader header = Recovery.readHeader(files.main());
    if (header == null) {
      return false;
    }
    long size = files.main().size();
    return header.pageCount() == 0
        ? size % header.pageSize() == 0
        : header.pageCount() <= size / header.pageSize();
  }

  // The whole file.

  /** Whether the files are as the last clean stop left them; then they need not be read. */
  boolean isAsStopped(LastEnd end) {
    Database known = database;
    return known != null && known.isConsistent() && stamp(known).equals(end.stamp(known.name()));
  }

  /**
   * After the last write: makes the files and the log durable, and gives what the next start may
   * find them by; null when it has to read them.
   */
  @Nullable String stopped() throws IOException {
    lock.lock();
    try {
      Database known = database;
      if (known == null
          || replica
          || !known.isConsistent()
          || unread
          || !dirty.isEmpty()
          || !withdrawn.isEmpty()
          || journal.isActive()) {
        return null;
      }
      if (files.hasMain()) {
        files.main().sync();
      }
      if (wal.isPresent()) {
        files.wal().sync();
      }
      known.log().sync();
      return stamp(known);
    } finally {
      lock.unlock();
    }
  }

  private String stamp(Database known) {
    return known.position() + files.look();
  }

  /**
   * Reads the WAL before the mount.
   *
   * @return true when it had unsealed transactions, and was changed
   */
  boolean loadWal() throws IOException {
    lock.lock();
    try {
      if (!files.hasWal()) {
        return false;
      }
      Database known = database;
      boolean sealed =
          known != null
              && files.hasMain()
              && UnsealedWal.sealKnown(
                  capture.backing(path), capture.backing(path + Capture.WAL), known.log());
      wal.load(files.wal());
      return sealed;
    } finally {
      lock.unlock();
    }
  }

  /** The files have to be compared with the log before they change. */
  void markUnread() {
    lock.lock();
    try {
      unread = true;
      changeCounter.othersMayBeAhead();
    } finally {
      lock.unlock();
    }
  }

  /** Compares the files with the log, if nobody did so yet, and cuts the difference. */
  void recover() {
    lookAtEnd();
  }

  private void recoverNow() throws IOException {
    wal.forget();
    dirty.clear();
    withdrawn.clear();
    NativeFile file;
    try {
      file = files.main();
    } catch (ErrnoException e) {
      if (e.errno() == ENOENT) {
        cutDeleted();
        return;
      }
      throw e;
    }
    Recovery recovery = new Recovery(file, database, this::cut);
    DatabaseHeader header = Recovery.readHeader(file);
    RollbackJournal hot = journal.find(header == null ? 0 : header.pageSize());
    if (files.hasWal()) {
      wal.load(files.wal());
      if (recovery.fromWal(files.wal())) {
        return;
      }
    }
    if (hot != null) {
      try (NativeFile journalFile = files.openJournal()) {
        recovery.fromJournal(hot, journalFile);
      }
    } else if (header != null) {
      recovery.fromMain(header);
    } else if (file.size() == 0) {
      cutDeleted();
    }
  }

  private void cutDeleted() throws IOException {
    Database known = database;
    if (known != null && known.log().last() != null) {
      cut(known.pageSize(), 0, new int[0], 0, this::readMain, WalRange.NONE);
    }
  }

  void readLive(int pgno, ByteBuffer target) throws IOException {
    acquire();
    try {
      readVisible(pgno, target, wal.committed());
    } finally {
      release();
    }
  }

  // Shared.

  /**
   * Takes the lock, of files that agree with the log; before it waits, lets another thread read the
   * next request.
   */
  private void acquire() {
    acquireLock();
    if (unread && !replica) {
      capture.beforeWait();
      unread = false;
      try {
        recoverNow();
      } catch (IOException | RuntimeException e) {
        log.error(
            "{}: could not be compared with the log; the next transaction will hold all of it: {}",
            path,
            e.getMessage());
        if (database != null) {
          database.distrust();
        }
      }
    }
  }

  /** The same for what does not change what the files say: they may be unread. */
  private void acquireLock() {
    if (!lock.tryLock()) {
      capture.beforeWait();
      lock.lock();
    }
  }

  /** Lets go of the lock. */
  private void release() {
    boolean rewritten = headRewritten;
    headRewritten = false;
    lock.unlock();
    if (rewritten) {
      capture.rewritten(path, 0, DatabaseHeader.SIZE);
    }
  }

  /** The application gets an error; SQLite then rolls back, and nobody saw the transaction. */
  private int refuse(IOException e) {
    capture.refused(path, e);
    return -ErrnoException.errnoOf(e);
  }

  void closeFiles() {
    lock.lock();
    try {
      files.close();
    } finally {
      lock.unlock();
    }
  }
}
