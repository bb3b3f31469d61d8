package dev.sluice.apply;

import dev.sluice.connection.ConnectionBusyException;
import dev.sluice.connection.LockedFile;
import dev.sluice.connection.MainLocks;
import dev.sluice.connection.NativeBuffer;
import dev.sluice.sqlite.DatabaseHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes one SQLite database, a file on any filesystem, as a copy of another: one more client of
 * the database that never closes, beside readers that know nothing of it.
 *
 * <p>It holds what SQLite's writers hold, all the time: an application that tries to write gets
 * SQLITE_BUSY. Readers see whole transactions and keep their snapshots.
 *
 * <pre>
 *             page 1 asks for WAL, under EXCLUSIVE
 *  ROLLBACK ───────────────────────────────────────► WAL
 *  SHARED, RESERVED ◄─────────────────────────────── SHARED, DMS, WRITE
 *             page 1 asks for a journal, and nobody else has the database open
 * </pre>
 *
 * <p>Not safe for use by several threads at once; it may move from one to another. An {@link
 * IOException} of an apply means that the transaction is not applied, unless it was already visible
 * when the checkpoint after it failed; {@link #readPage} tells.
 */
public final class ReplicaWriter implements AutoCloseable {
  private final LockedFile main;
  private final ReplicaOptions options;
  private final MainLocks locks;
  private final RollbackMode rollback;

  /** Null in a rollback mode. */
  private @Nullable WalMode wal;

  private final Runnable beforeRollback;

  /** As page 1 has it; empty for an empty database. */
  private Optional<DatabaseHeader> header = Optional.empty();

  private boolean isClosed;

  private ReplicaWriter(LockedFile main, ReplicaOptions options, Runnable beforeRollback) {
    this.main = main;
    this.options = options;
    this.beforeRollback = beforeRollback;
    this.locks = new MainLocks(main);
    this.rollback = new RollbackMode(main, options);
  }

  /**
   * Opens a database, or makes an empty one, and keeps applications from writing to it. A hot
   * journal is rolled back, a WAL recovered, as SQLite would.
   *
   * @throws ConnectionBusyException when an application holds a lock for too long
   */
  public static ReplicaWriter open(Path database, ReplicaOptions options) throws IOException {
    return open(database, options, () -> {});
  }

  /**
   * As {@link #open(Path, ReplicaOptions)}.
   *
   * @param beforeRollback is run when there is a hot journal, before it is rolled back; from then
   *     on applications can't write
   */
  public static ReplicaWriter open(Path database, ReplicaOptions options, Runnable beforeRollback)
      throws IOException {
    LockedFile main = LockedFile.open(database);
    try {
      ReplicaWriter writer = new ReplicaWriter(main, options, beforeRollback);
      writer.attach();
      return writer;
    } catch (IOException | RuntimeException e) {
      main.close();
      throw e;
    }
  }

  private void attach() throws IOException {
    main.within(options.lockTimeoutMillis(), "SHARED and RESERVED", this::tryReserve);
    header = readHeader();
    if (isWalInUse()) {
      wal = WalMode.open(main, options);
      header = readHeader();
      locks.unlockReserved();
    } else {
      // Of a writer that died before it touched the database: they must not come to life after us.
      rollback.deleteJournal();
      WalMode.discard(main.path());
    }
  }

  /** Takes both or neither: a writer that has RESERVED may wait for SHARED locks to go. */
  private boolean tryReserve() throws IOException {
    boolean isTaken = false;
    try {
      // A journal can only be hot, and the database half written, if no writer holds RESERVED.
      if (locks.tryShared()) {
        if (rollback.hasJournal() && !locks.isReservedByOther()) {
          locks.lockExclusive(0);
          // Now, as nobody else can: no application comes between the rollback and this writer.
          isTaken = locks.tryReserved();
          if (isTaken) {
            beforeRollback.run();
            rollback.rollBack(readHeader().map(DatabaseHeader::pageSize).orElse(4096));
          }
          locks.unlockExclusive();
        }
        isTaken = isTaken || locks.tryReserved();
      }
    } catch (ConnectionBusyException e) {
      return false;
    } finally {
      if (!isTaken) {
        locks.unlockAll();
      }
    }
    return isTaken;
  }

  /** SQLite uses a WAL that is there, whatever the header says. */
  private boolean isWalInUse() throws IOException {
    Path path = main.path().resolveSibling(main.path().getFileName() + "-wal");
    return main.size() > 0 && (asksForWal() || Files.exists(path));
  }

  private boolean asksForWal() {
    return header.isPresent() && header.get().isWal();
  }

  private Optional<DatabaseHeader> readHeader() throws IOException {
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      if (wal == null || !wal.read(1, buffer)) {
        int read = main.read(buffer, 0, DatabaseHeader.SIZE, 0);
        buffer.bytes().limit(read);
      }
      return DatabaseHeader.parse(buffer.bytes());
    } finally {
      buffer.giveBack();
    }
  }

  /** Bytes a page, or 0 while the database is empty. */
  public int pageSize() {
    return header.map(DatabaseHeader::pageSize).orElse(0);
  }

  /** Size of the database in pages, as new readers see it. */
  public int pageCount() throws IOException {
    checkOpen();
    if (wal != null && wal.pageCount() > 0) {
      return wal.pageCount();
    }
    return pageSize() == 0 ? 0 : (int) (main.size() / pageSize());
  }

  /** True when the database has a WAL now, whatever its header asks for. */
  public boolean isWal() {
    return wal != null;
  }

  /**
   * Reads a page as new readers see it.
   *
   * @param page takes {@link #pageSize} bytes at its position, which moves
   */
  public void readPage(int pgno, ByteBuffer page) throws IOException {
    checkOpen();
    int size = pageSize();
    if (pgno < 1 || pgno > pageCount()) {
      throw new IllegalArgumentException(main.path() + " has no page " + pgno);
    }
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      if (wal == null || !wal.read(pgno, buffer)) {
        int read = main.read(buffer, 0, size, (long) (pgno - 1) * size);
        while (read < size) {
          buffer.bytes().put(read++, (byte) 0);
        }
      }
      page.put(buffer.bytes().limit(size));
    } finally {
      buffer.giveBack();
    }
  }

  /**
   * True when some other connection has the database open (WAL) or is reading it (rollback modes).
   */
  public boolean hasReaders() throws IOException {
    checkOpen();
    return locks.isSharedByOther();
  }

  /**
   * Applies the pages that one transaction changed. When this returns, new readers see it.
   *
   * @param pages ascending; pages by which the database grows and that are missing become zeros
   * @param commit size of the database in pages after the transaction
   * @param pageSize bytes a page; if that is not {@link #pageSize}, the pages are the whole content
   * @throws ConnectionBusyException when readers do not make way for what needs them gone: a
   *     transaction in a rollback mode, or another page size. Nothing is changed, and no page taken
   * @throws IOException naming the file; when the database could not be put right either, this
   *     writer is closed, and opening it anew rolls back
   */
  public void apply(PageSource pages, int commit, int pageSize) throws IOException {
    apply(pages, commit, pageSize, false);
  }

  /** As {@link #apply}, with pages that are the whole content: what is missing becomes zeros. */
  public void applySnapshot(PageSource pages, int commit, int pageSize) throws IOException {
    apply(pages, commit, pageSize, true);
  }

  /**
   * Applies transactions together, as far as they can be: while the database has a WAL. When this
   * returns, new readers see the last of them; they see none between.
   *
   * @param source at least one, all of the page size that the database has
   * @return how many were taken and applied; 0, and none taken, when they need {@link #apply}
   * @throws IOException as {@link #apply}; readers see none of them
   */
  public int applyTogether(TransactionSource source) throws IOException {
    checkOpen();
    if (!asksForWal()) {
      tryLeaveWal();
    }
    WalMode open = wal;
    if (open == null) {
      return 0;
    }
    Together together = new Together(source);
    applyToWal(open, together, () -> together.written);
    return together.count;
  }

  /** Transactions up to one that asks for another journal mode. */
  private final class Together implements WalMode.Transactions {
    private final TransactionSource source;
    private @Nullable TransactionPages last;
    private Optional<DatabaseHeader> written = Optional.empty();
    int count;

    Together(TransactionSource source) {
      this.source = source;
    }

    @Override
    public @Nullable TransactionPages next() throws IOException {
      int kept = pageCount();
      if (last != null) {
        kept = last.commit();
        written = last.header().or(() -> written);
        if (!written.or(() -> header).map(DatabaseHeader::isWal).orElse(true)) {
          return null;
        }
      }
      if (!source.next()) {
        return null;
      }
      last = new TransactionPages(main.path(), source.pages(), source.commit(), pageSize(), kept);
      count++;
      return last;
    }
  }

  private void apply(PageSource source, int commit, int pageSize, boolean isWhole)
      throws IOException {
    checkOpen();
    boolean isResized = pageSize() != pageSize;
    if (!isResized && !asksForWal()) {
      tryLeaveWal();
    }
    int kept = isWhole || isResized ? 0 : pageCount();
    TransactionPages pages = new TransactionPages(main.path(), source, commit, pageSize, kept);
    if (wal != null && !isResized) {
      Iterator<TransactionPages> one = List.of(pages).iterator();
      applyToWal(wal, () -> one.hasNext() ? one.next() : null, pages::header);
    } else {
      applyExclusively(pages);
    }
  }

  private void applyToWal(
      WalMode wal, WalMode.Transactions transactions, Supplier<Optional<DatabaseHeader>> written)
      throws IOException {
    wal.apply(transactions);
    header = written.get().or(() -> header);
    if (wal.frames() >= options.checkpointPages()) {
      wal.checkpoint();
    }
    if (!asksForWal()) {
      tryLeaveWal();
    }
  }

  private void applyExclusively(TransactionPages pages) throws IOException {
    locks.lockExclusive(options.lockTimeoutMillis());
    try {
      try {
        leaveWal();
        rollback.apply(pages, pageSize() == 0 ? pages.pageSize() : pageSize());
      } finally {
        enterMode();
      }
    } finally {
      if (!isClosed) {
        locks.unlockExclusive();
      }
    }
  }

  /**
   * Takes, before readers get in, the lock that keeps them from writing in the mode of the header.
   * When that fails, or a rollback has failed, it lets go of everything: only who opens the
   * database anew can put it right.
   */
  private void enterMode() throws IOException {
    boolean isEntered = false;
    try {
      header = readHeader();
      if (!rollback.hasJournal()) {
        if (wal == null && asksForWal()) {
          WalMode.discard(main.path());
          wal = WalMode.open(main, options);
          locks.unlockReserved();
        }
        isEntered = true;
      }
    } finally {
      if (!isEntered) {
        release();
      }
    }
  }

  /** Leaves WAL mode if nobody else has the database open. */
  private void tryLeaveWal() throws IOException {
    // Look first: trying the locks can make a reader fail that is just opening the database.
    if (wal == null || locks.isSharedByOther()) {
      return;
    }
    try {
      locks.lockExclusive(0);
    } catch (ConnectionBusyException e) {
      return;
    }
    try {
      leaveWal();
    } finally {
      if (!isClosed) {
        locks.unlockExclusive();
      }
    }
  }

  /** From WAL to rollback mode, under EXCLUSIVE; afterwards everything is in the main file. */
  private void leaveWal() throws IOException {
    if (wal == null) {
      return;
    }
    if (!wal.checkpoint() || !locks.tryReserved()) {
      throw new IOException(main.path() + ": the WAL is in use by a connection without a lock");
    }
    try {
      wal.delete();
    } catch (IOException e) {
      // Readers may make a new -shm beside the one that is open here.
      release();
      throw e;
    }
    wal = null;
  }

  /**
   * Copies from the WAL to the database what readers allow.
   *
   * @return true when everything is in the main file
   */
  public boolean checkpoint() throws IOException {
    checkOpen();
    return wal == null || wal.checkpoint();
  }

  /** True after {@link #close}, and after a failure that only opening the database anew mends. */
  public boolean isClosed() {
    return isClosed;
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException(main.path() + ": the replica writer is closed");
    }
  }

  /**
   * Lets go of the database. When nobody else has it open, everything is in the main file
   * afterwards and there is no WAL.
   */
  @Override
  public void close() throws IOException {
    if (isClosed) {
      return;
    }
    try {
      tryLeaveWal();
    } finally {
      release();
    }
  }

  private void release() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    if (wal != null) {
      wal.close();
    }
    main.close();
  }
}
