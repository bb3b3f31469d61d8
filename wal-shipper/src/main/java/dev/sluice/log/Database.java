package dev.sluice.log;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One database as this node knows it: its log, the checksum of each page, its position.
 *
 * <p>There are two ways forward: {@link #commit} cuts what an application changed here, {@link
 * #append} takes a transaction that another node cut. Both write the log first, then the checksums,
 * then move the position; {@link #open} repairs what a crash left between. Safe for use by many
 * threads.
 */
public final class Database implements Closeable {
  /** A transaction of a whole database of this size is worth all processors. */
  private static final long LARGE_BYTES = 4 << 20;

  private final String name;
  private final Path directory;
  private final DatabaseListener listener;
  private final CommitGuard guard;
  private final TransactionLog log;
  private final Clock clock;
  private final PositionWaiters waiters;

  /** Held while a transaction is cut or appended; guards the fields below that are not volatile. */
  private final ReentrantLock lock = new ReentrantLock();

  private final ChecksumTable sums;
  private final LtxEncoder encoder = new LtxEncoder();
  private final PendingSums pending = new PendingSums();
  private @Nullable ByteBuffer page;

  private volatile Position position = Position.NONE;
  private volatile Position applied = Position.NONE;

  /** Until the file was compared with the log. */
  private volatile boolean mayBeBehind;

  private volatile int pageSize;
  private volatile int pageCount;
  private volatile long lastCommitMillis;

  private Database(
      String name,
      Path directory,
      DatabaseListener listener,
      CommitGuard guard,
      TransactionLog log,
      ChecksumTable sums,
      Clock clock) {
    this.name = name;
    this.directory = directory;
    this.listener = listener;
    this.guard = guard;
    this.log = log;
    this.sums = sums;
    this.clock = clock;
    this.waiters = new PositionWaiters(this::shown, log::checksumAfter);
  }

  /**
   * Opens the state of a database in {@code directory}, which is made when it is not there.
   *
   * @param guard is asked before a transaction is cut
   * @param powerLost whether what was not fsynced may be missing
   */
  static Database open(
      String name,
      Path directory,
      DatabaseListener listener,
      CommitGuard guard,
      boolean powerLost,
      Clock clock)
      throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      NativeFile.syncDirectory(Objects.requireNonNull(directory.getParent()));
    }
    TransactionLog log = TransactionLog.open(directory.resolve("log"), powerLost);
    try {
      Database database =
          new Database(
              name,
              directory,
              listener,
              guard,
              log,
              ChecksumTable.open(directory.resolve("checksums")),
              clock);
      log.onSynced(nanos -> listener.synced(database, nanos));
      try {
        database.recover();
      } catch (CorruptLtxException e) {
        log.verify(true);
        database.recover();
      }
      return database;
    } catch (IOException | RuntimeException e) {
      log.close();
      throw e;
    }
  }

  /**
   * Brings the checksums to the end of the log: a crash may have come between the two, or a loss of
   * power may have left older ones. When they don't agree even then, {@link #isConsistent} is
   * false, and the next transaction holds the whole database unless {@link #rebuild} comes first.
   */
  private void recover() throws IOException {
    LogEntry last = log.last();
    if (last == null) {
      return;
    }
    LtxHeader header = last.header();
    sums.ensure(header.commit());
    if (!sumsAgree(last)) {
      replayAfter(last.minTxid() - 1);
    }
    LogEntry first = log.first();
    if (first != null && !sumsAgree(last)) {
      replayAfter(first.minTxid() - 1);
    }
    pageSize = header.pageSize();
    pageCount = sumsAgree(last) ? header.commit() : 0;
    lastCommitMillis = header.timestampMillis();
    position = last.position();
    applied = position;
  }

  private boolean sumsAgree(LogEntry at) {
    LtxHeader header = at.header();
    return sums.database(header.commit(), Checksums.lockPage(header.pageSize()))
        == at.postApplyChecksum();
  }

  /** Sets the checksums of all pages in the entries that follow a TXID. */
  private void replayAfter(long txid) throws IOException {
    for (long before = txid; ; ) {
      List<LogEntry> entries = log.after(before, 1000);
      if (entries.isEmpty()) {
        return;
      }
      for (LogEntry entry : entries) {
        sums.ensure(entry.header().commit());
        try (LtxDecoder decoder = LtxDecoder.open(log.source(entry), name)) {
          while (decoder.next()) {
            sums.set(decoder.pgno(), Checksums.page(decoder.pgno(), decoder.page()));
          }
        }
        before = entry.maxTxid();
      }
    }
  }

  /**
   * Computes the lost checksums of all pages again.
   *
   * @param at an entry of the log
   * @param reader gives the pages as they were after it
   */
  public void rebuild(LogEntry at, PageReader reader) throws IOException {
    lock.lock();
    try {
      LtxHeader header = at.header();
      sums.ensure(header.commit());
      int lockPage = Checksums.lockPage(header.pageSize());
      ByteBuffer content = page(header.pageSize());
      for (int pgno = 1; pgno <= header.commit(); pgno++) {
        if (pgno != lockPage) {
          reader.read(pgno, content.clear());
          sums.set(pgno, Checksums.page(pgno, content.flip()));
        }
      }
      replayAfter(at.maxTxid());
      LogEntry last = Objects.requireNonNull(log.last());
      if (sumsAgree(last)) {
        pageCount = last.header().commit();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The file may have changed unseen: the next transaction holds all of it. */
  public void distrust() {
    lock.lock();
    try {
      pageCount = 0;
    } finally {
      lock.unlock();
    }
  }

  /** The path of the database below the data directory; what users call it. */
  public String name() {
    return name;
  }

  /** Where Sluice keeps what it knows of it. */
  public Path directory() {
    return directory;
  }

  public TransactionLog log() {
    return log;
  }

  /** The last transaction in the log. */
  public Position position() {
    return position;
  }

  /**
   * The last transaction that readers of this node's file can see. On a primary that is {@link
   * #position}.
   */
  public Position applied() {
    return applied;
  }

  /** Bytes; 0 before the first transaction. */
  public int pageSize() {
    return pageSize;
  }

  /** Pages after the last transaction. */
  public int pageCount() {
    return pageCount;
  }

  /**
   * False when the page checksums were lost: the next transaction then holds the whole database.
   */
  public boolean isConsistent() {
    LogEntry last = log.last();
    return last == null || last.header().commit() == pageCount;
  }

  /**
   * When the last transaction was committed, in milliseconds since the epoch; 0 before the first.
   */
  public long lastCommitMillis() {
    return lastCommitMillis;
  }

  /** As below, of what was not committed in a WAL. */
  public boolean commit(int pageSize, int commit, int[] candidates, int count, PageReader reader)
      throws IOException {
    return commit(pageSize, commit, candidates, count, reader, WalRange.NONE);
  }

  /**
   * Cuts a transaction of what differs from the last one.
   *
   * @param pageSize bytes a page has now; another than before makes a transaction of the whole
   *     database
   * @param commit pages the database has now; 0 when it was deleted
   * @param candidates pages that may have changed, ascending without repeats; only the first {@code
   *     count} count. What lies beyond the old end needs not be among them
   * @param reader gives their content
   * @param wal where in the WAL it was committed, for {@link LtxHeader}
   * @return false when nothing had changed and there is no transaction
   * @throws IOException when it could not be cut; then nothing has changed
   */
  public boolean commit(
      int pageSize, int commit, int[] candidates, int count, PageReader reader, WalRange wal)
      throws IOException {
    lock.lock();
    try {
      long started = System.nanoTime();
      boolean whole = pageSize != this.pageSize;
      int oldCount = whole ? 0 : pageCount;
      if (oldCount == 0 && (long) commit * pageSize >= LARGE_BYTES) {
        commitWhole(pageSize, commit, reader, wal, started);
        return true;
      }
      int lockPage = Checksums.lockPage(pageSize);
      sums.ensure(commit);
      long xor = oldCount == 0 ? 0 : position.checksum();
      pending.clear();
      ByteBuffer content = page(pageSize);
      int next = 0;
      int growth = oldCount + 1;
      LtxHeader header = null;
      while (true) {
        while (next < count && candidates[next] > oldCount) {
          next = count;
        }
        int pgno;
        if (next < count) {
          pgno = candidates[next++];
        } else if (growth <= commit) {
          pgno = growth++;
        } else {
          break;
        }
        if (pgno == lockPage || pgno > commit) {
          continue;
        }
        reader.read(pgno, content.clear());
        content.flip();
        long sum = Checksums.page(pgno, content);
        long old = pgno <= oldCount ? sums.get(pgno) : 0;
        if (sum == old) {
          continue;
        }
        if (header == null) {
          header = start(pageSize, commit, wal);
          encoder.start(header, log.appender());
        }
        encoder.page(pgno, content);
        xor ^= old ^ sum;
        pending.add(pgno, sum);
      }
      for (int pgno = commit + 1; pgno <= oldCount; pgno++) {
        if (pgno != lockPage) {
          xor ^= sums.get(pgno);
        }
      }
      if (header == null) {
        if (commit == oldCount) {
          return false;
        }
        header = start(pageSize, commit, wal);
        encoder.start(header, log.appender());
      }
      long checksum = Checksums.database(xor);
      encoder.finish(checksum);
      LogEntry entry = log.appender().commit(header, checksum);
      pending.writeTo(sums);
      committed(entry, checksum, header, started);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #commit} would find that anything has changed. */
  public boolean differs(int pageSize, int commit, int[] candidates, int count, PageReader reader)
      throws IOException {
    lock.lock();
    try {
      if (pageSize != this.pageSize || commit != pageCount) {
        return true;
      }
      int lockPage = Checksums.lockPage(pageSize);
      ByteBuffer content = page(pageSize);
      for (int i = 0; i < count; i++) {
        int pgno = candidates[i];
        if (pgno != lockPage && pgno <= commit) {
          reader.read(pgno, content.clear());
          if (Checksums.page(pgno, content.flip()) != sums.get(pgno)) {
            return true;
          }
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Cuts a transaction of all pages of a large database, on all processors. */
  private void commitWhole(
      int pageSize, int commit, PageReader reader, WalRange wal, long startedNanos)
      throws IOException {
    LtxHeader header = header(pageSize, commit, wal);
    sums.ensure(commit);
    long[] pageSums = new long[commit + 1];
    LogEntry entry;
    try (WholeFile.Writer into = log.whole(header.minTxid())) {
      long checksum =
          LtxSnapshot.encode(
                  LtxReheaded.bare(header),
                  inTurns(reader, pageSize),
                  into,
                  Runtime.getRuntime().availableProcessors(),
                  (pgno, sum) -> pageSums[pgno] = sum)
              .databaseChecksum();
      entry = log.append(into.finish(), header, checksum);
    }
    for (int pgno = 1; pgno <= commit; pgno++) {
      sums.set(pgno, pageSums[pgno]);
    }
    committed(entry, entry.postApplyChecksum(), header, startedNanos);
  }

  /** For several threads, of which one reads at a time: the others compress. */
  private static LtxSnapshot.PageReader inTurns(PageReader reader, int pageSize) {
    ReentrantLock turn = new ReentrantLock();
    return (first, pages) -> {
      turn.lock();
      try {
        reader.readAll(first, pageSize, pages);
      } finally {
        turn.unlock();
      }
    };
  }

  private void committed(LogEntry entry, long checksum, LtxHeader header, long startedNanos) {
    advance(entry, checksum, header);
    applied = position;
    mayBeBehind = false;
    waiters.advanced();
    listener.committed(this, entry, System.nanoTime() - startedNanos);
  }

  private LtxHeader start(int pageSize, int commit, WalRange wal) throws IOException {
    LtxHeader header = header(pageSize, commit, wal);
    log.appender().start(header.minTxid());
    return header;
  }

  /** That of the next transaction, if it may be. */
  private LtxHeader header(int pageSize, int commit, WalRange wal) throws IOException {
    guard.beforeCommit(name);
    long txid = position.txid() + 1;
    long timestamp = Math.max(clock.millis(), lastCommitMillis);
    return LtxHeader.transactions(
        pageSize, commit, txid, txid, timestamp, txid == 1 ? 0 : position.checksum(), wal);
  }

  private ByteBuffer page(int size) {
    ByteBuffer buffer = page;
    if (buffer == null || buffer.capacity() != size) {
      buffer = ByteBuffer.allocateDirect(size);
      page = buffer;
    }
    return buffer;
  }

  private void advance(LogEntry entry, long checksum, LtxHeader header) {
    pageSize = header.pageSize();
    pageCount = header.commit();
    lastCommitMillis = header.timestampMillis();
    position = new Position(entry.maxTxid(), checksum);
  }

  /**
   * Takes a transaction that another node cut. It is then in the log; {@link #applied} follows when
   * the file has it.
   *
   * @throws CorruptLtxException when it is damaged
   * @throws IllegalArgumentException when it does not follow {@link #position}; a snapshot always
   *     does, and begins the log anew
   */
  public LogEntry append(LtxSource ltx) throws IOException {
    lock.lock();
    try (LtxDecoder decoder = LtxDecoder.open(ltx, name)) {
      LtxHeader header = decoder.header();
      boolean snapshot = header.isSnapshot();
      if (!snapshot
          && (header.minTxid() != position.txid() + 1
              || header.preApplyChecksum() != position.checksum())) {
        throw new IllegalArgumentException(
            name + ": " + header.fileName() + " does not follow position " + position);
      }
      takeSums(decoder);
      if (snapshot) {
        // Should the disk have no room for it, there is nothing, and the primary sends it again.
        clear();
        pageSize = pageCount = 0;
      }
      LogEntry entry = write(ltx, decoder);
      listener.committed(this, entry, 0);
      return entry;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the difference from this database's state to that of another history, whatever its TXID.
   * The log begins anew with it; what was in it must have been saved, and applied to the file.
   *
   * @throws CorruptLtxException when it is damaged
   * @throws IllegalArgumentException when it is no difference from what this database is now
   */
  public void adopt(LtxSource ltx) throws IOException {
    lock.lock();
    try (LtxDecoder decoder = LtxDecoder.open(ltx, name)) {
      LtxHeader header = decoder.header();
      if (header.preApplyChecksum() != position.checksum() || !applied.equals(position)) {
        throw new IllegalArgumentException(
            name + ": " + header.fileName() + " is no difference from " + position);
      }
      takeSums(decoder);
      clear();
      LogEntry entry = write(ltx, decoder);
      applied = entry.before();
      listener.committed(this, entry, 0);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a file as it is, in a state that another node has cut. The log begins anew with it: its
   * first transaction changes nothing.
   *
   * @param state its last transaction, which is not the first ever, and its size
   * @param checksum of the database in the file
   * @param reader gives its pages
   * @throws IllegalArgumentException when the pages do not give the checksum; then there is nothing
   */
  public void takeOver(LtxHeader state, long checksum, PageReader reader) throws IOException {
    lock.lock();
    try {
      clear();
      int size = state.pageSize();
      sums.ensure(state.commit());
      ByteBuffer content = page(size);
      for (int pgno = 1; pgno <= state.commit(); pgno++) {
        if (pgno != Checksums.lockPage(size)) {
          reader.read(pgno, content.clear());
          sums.set(pgno, Checksums.page(pgno, content.flip()));
        }
      }
      if (sums.database(state.commit(), Checksums.lockPage(size)) != checksum) {
        pageSize = pageCount = 0;
        throw new IllegalArgumentException(name + ": the pages do not give the checksum");
      }
      LtxHeader header =
          LtxHeader.transactions(
              size,
              state.commit(),
              state.maxTxid(),
              state.maxTxid(),
              state.timestampMillis(),
              checksum);
      log.appender().start(header.minTxid());
      encoder.start(header, log.appender());
      reader.read(1, content.clear());
      encoder.page(1, content.flip());
      encoder.finish(checksum);
      LogEntry entry = log.appender().commit(header, checksum);
      advance(entry, checksum, header);
      listener.committed(this, entry, 0);
    } finally {
      lock.unlock();
    }
  }

  private void clear() throws IOException {
    waiters.change(
        () -> {
          log.clear();
          position = applied = Position.NONE;
        });
  }

  /** Puts a transaction whose pages were read into the log, and goes on to its position. */
  private LogEntry write(LtxSource ltx, LtxDecoder decoder) throws IOException {
    LtxHeader header = decoder.header();
    log.appender().start(header.minTxid());
    copy(ltx);
    long checksum = decoder.trailer().postApplyChecksum();
    LogEntry entry = log.appender().commit(header, checksum);
    pending.writeTo(sums);
    advance(entry, checksum, header);
    return entry;
  }

  /**
   * Reads the pages of a transaction that follows the state this database has, and remembers their
   * checksums.
   *
   * @throws IllegalArgumentException when they don't give its post-apply checksum
   */
  private void takeSums(LtxDecoder decoder) throws IOException {
    LtxHeader header = decoder.header();
    boolean whole = header.isSnapshot() || header.pageSize() != pageSize;
    int oldCount = whole ? 0 : pageCount;
    int lockPage = Checksums.lockPage(header.pageSize());
    sums.ensure(header.commit());
    long xor = oldCount == 0 ? 0 : position.checksum();
    pending.clear();
    while (decoder.next()) {
      int pgno = decoder.pgno();
      long sum = Checksums.page(pgno, decoder.page());
      xor ^= sum ^ (pgno <= oldCount ? sums.get(pgno) : 0);
      pending.add(pgno, sum);
    }
    for (int pgno = header.commit() + 1; pgno <= oldCount; pgno++) {
      if (pgno != lockPage) {
        xor ^= sums.get(pgno);
      }
    }
    if (Checksums.database(xor) != decoder.trailer().postApplyChecksum()) {
      throw new IllegalArgumentException(
          name + ": the pages of " + header.fileName() + " do not give its post-apply checksum");
    }
  }

  /**
   * A state, and the pages in which it differs from another.
   *
   * @param pages their numbers
   */
  public record Differing(Position position, int pageSize, int pageCount, BitSet pages) {}

  /**
   * Compares this database as it is now with page checksums of the same page size. Page 1 differs
   * when none does, as a transaction has at least one.
   *
   * @param theirs by page number; that of page 1 has the index 1
   */
  public Differing differing(long[] theirs) {
    lock.lock();
    try {
      BitSet pages = new BitSet(pageCount + 1);
      for (int pgno = 1; pgno <= pageCount; pgno++) {
        if (pgno >= theirs.length || theirs[pgno] != sums.get(pgno)) {
          pages.set(pgno);
        }
      }
      pages.clear(Checksums.lockPage(pageSize));
      if (pages.isEmpty() && pageCount > 0) {
        pages.set(1);
      }
      return new Differing(position, pageSize, pageCount, pages);
    } finally {
      lock.unlock();
    }
  }

  /** The checksum of a page after the last transaction; 0 of one that the database has not. */
  public long pageSum(int pgno) {
    lock.lock();
    try {
      return pgno <= pageCount ? sums.get(pgno) : 0;
    } finally {
      lock.unlock();
    }
  }

  /** The checksum of each page after the last transaction; that of page 1 has the index 1. */
  public long[] pageSums() {
    lock.lock();
    try {
      long[] copy = new long[pageCount + 1];
      for (int pgno = 1; pgno <= pageCount; pgno++) {
        copy[pgno] = sums.get(pgno);
      }
      return copy;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives the transactions of the log other TXIDs, so that they go on from a history elsewhere of
   * the same database. Positions given out before are on no history any more; followers get
   * everything anew. Whoever commits meanwhile waits. When it fails or the process is killed, the
   * log has lost its end or all of it, and goes on from the database's file.
   *
   * @param shift what is added to each TXID, greater than 0
   * @param before what the first transaction, which must hold the whole database, is to follow,
   *     with the TXID {@code shift}; {@link Position#NONE} when it is to stand for all before it,
   *     too
   */
  public void renumber(long shift, Position before) throws IOException {
    lock.lock();
    try {
      LogEntry first = log.first();
      if (first == null || shift <= 0) {
        throw new IllegalArgumentException(name + ": no transaction to move by " + shift);
      }
      List<LogEntry> entries = log.after(first.minTxid() - 1, Integer.MAX_VALUE);
      List<Segment> taken = log.takeOut();
      try {
        for (LogEntry entry : entries) {
          LogEntry moved = move(entry, shift, before);
          position = moved.position();
        }
      } catch (IOException | RuntimeException e) {
        pageCount = 0;
        throw e;
      } finally {
        taken.forEach(Segment::closeLater);
        applied = position;
      }
      waiters.advanced();
      listener.renumbered(this);
    } finally {
      lock.unlock();
    }
  }

  private LogEntry move(LogEntry entry, long shift, Position before) throws IOException {
    LtxHeader old = entry.header();
    boolean snapshot = old.isSnapshot() && before.equals(Position.NONE);
    LtxHeader header =
        LtxHeader.transactions(
            old.pageSize(),
            old.commit(),
            snapshot ? 1 : old.minTxid() + shift,
            old.maxTxid() + shift,
            old.timestampMillis(),
            snapshot ? 0 : old.isSnapshot() ? before.checksum() : old.preApplyChecksum());
    log.appender().start(header.minTxid());
    encoder.start(header, log.appender());
    try (LtxDecoder decoder = LtxDecoder.open(log.source(entry), name)) {
      while (decoder.next()) {
        encoder.page(decoder.pgno(), decoder.page());
      }
    }
    encoder.finish(entry.postApplyChecksum());
    return log.appender().commit(header, entry.postApplyChecksum());
  }

  private void copy(LtxSource ltx) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(ltx.size(), 1 << 20));
    for (long at = 0; at < ltx.size(); at += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), ltx.size() - at));
      ltx.readFully(at, buffer);
      log.appender().write(buffer.flip());
    }
  }

  /**
   * Tells listeners of a transaction that the file has now.
   *
   * @param nanos how long writing it took
   * @param ageMillis how long ago it was committed
   */
  public void tellApplied(LogEntry entry, long nanos, long ageMillis) {
    listener.applied(this, entry, nanos, ageMillis);
  }

  /**
   * The file may lack the end of the log, as after a kill of a follower: until {@link
   * #markApplied}, nobody is told that it has a transaction.
   */
  public void mayBeBehind() {
    mayBeBehind = true;
  }

  /** The file has the transactions up to {@code now}: whoever waits for one of them is told. */
  public void markApplied(Position now) {
    applied = now;
    mayBeBehind = false;
    waiters.advanced();
    listener.applied(this);
  }

  /**
   * What waiters are told. Not the state before the log: when the log begins with the difference
   * from another history ({@link #adopt}), that is named by the TXID before it, and none of this
   * history.
   */
  private Position shown() {
    Position now = applied;
    LogEntry first = log.first();
    return mayBeBehind || (first != null && first.before().equals(now)) ? Position.NONE : now;
  }

  /** Completes when this node's readers can see {@code wanted}, or after {@code timeoutMillis}. */
  public CompletableFuture<WaitOutcome> await(Position wanted, long timeoutMillis) {
    return waiters.await(wanted, timeoutMillis);
  }

  /** True when page {@code pgno} is as it was after the last transaction. */
  public boolean isUnchanged(int pgno, ByteBuffer content) {
    long sum = Checksums.page(pgno, content);
    lock.lock();
    try {
      return pgno <= pageCount && sums.get(pgno) == sum;
    } finally {
      lock.unlock();
    }
  }

  /** The database checksum computed afresh from the page checksums; for tests and status. */
  public long recomputeChecksum() {
    lock.lock();
    try {
      return pageSize == 0
          ? Checksums.EMPTY
          : sums.database(pageCount, Checksums.lockPage(pageSize));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      sums.close();
      log.close();
    } finally {
      lock.unlock();
    }
  }
}
