package dev.sluice.follow;

import dev.sluice.apply.ReplicaWriter;
import dev.sluice.connection.ConnectionBusyException;
import dev.sluice.follow.Follower.ReplicaFiles;
import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the file of one database to where its log is. Each database runs on its own: whatever
 * stalls this one (readers that don't make way, a full disk) stalls no other.
 */
final class FollowedDatabase {
  private static final Logger log = LoggerFactory.getLogger(FollowedDatabase.class);

  private static final int BATCH = 256;

  /** So much of the log is applied at once: readers wait for nothing, but see no state between. */
  private static final long TOGETHER_BYTES = 1 << 20;

  private static final long RETRY_MILLIS = 500;

  private static final ScheduledExecutorService RETRIES =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread t = new Thread(task, "apply-retries");
            t.setDaemon(true);
            return t;
          });

  private final Database database;
  private final Path file;
  private final ReplicaFiles files;
  private final ExecutorService threads;
  private final AtomicBoolean running = new AtomicBoolean();

  /** Only the one who has {@link #running} touches it. */
  private @Nullable ReplicaWriter writer;

  /** The file's state is known: it is at {@link Database#applied}. */
  private volatile boolean aligned;

  private final LongSupplier clockOffsetMillis;

  private volatile boolean closed;
  private volatile long headTxid;

  /** The last transaction that had come when all that the primary began with had. */
  private volatile long firstTxid;

  /** When this was told first that there is more than the log has; 0 when there is not. */
  private volatile long expectedSinceMillis;

  private volatile @Nullable String error;

  /**
   * @param clockOffsetMillis see {@link Following#clockOffsetMillis}
   */
  FollowedDatabase(
      Database database,
      ReplicaFiles files,
      ExecutorService threads,
      LongSupplier clockOffsetMillis) {
    this.clockOffsetMillis = clockOffsetMillis;
    this.database = database;
    this.files = files;
    this.file = files.file(database.name());
    this.threads = threads;
    this.headTxid = database.position().txid();
  }

  Database database() {
    return database;
  }

  @Nullable String error() {
    return error;
  }

  void setError(@Nullable String why) {
    error = why;
  }

  /** The primary has transactions up to {@code txid}. */
  void head(long txid) {
    if (txid <= database.position().txid()) {
      expectedSinceMillis = 0;
    } else if (headTxid <= database.position().txid()) {
      expectedSinceMillis = System.currentTimeMillis();
    }
    headTxid = txid;
  }

  /** What the primary had when the stream began has come. */
  void receivedFirst() {
    firstTxid = database.position().txid();
  }

  /** True when that is applied, whatever has come since. */
  boolean hasAppliedFirst() {
    return database.applied().txid() >= firstTxid;
  }

  boolean isCurrent() {
    return database.applied().txid() >= headTxid
        && database.applied().txid() >= database.position().txid();
  }

  FollowStatus status() {
    long applied = database.applied().txid();
    long lag = Math.max(0, Math.max(headTxid, database.position().txid()) - applied);
    List<LogEntry> next = lag == 0 ? List.of() : database.log().after(applied, 1);
    long age = 0;
    if (!next.isEmpty()) {
      age = ageMillis(next.get(0));
    } else if (lag > 0 && expectedSinceMillis != 0) {
      // It is on its way.
      age = Math.max(0, System.currentTimeMillis() - expectedSinceMillis);
    }
    return new FollowStatus(database.position().toString(), lag, age);
  }

  /** How long ago a transaction was committed, by the clock of who committed it. */
  private long ageMillis(LogEntry entry) {
    return Math.max(
        0,
        System.currentTimeMillis()
            - clockOffsetMillis.getAsLong()
            - entry.header().timestampMillis());
  }

  /** There is something to apply. */
  void wake() {
    if (closed || !running.compareAndSet(false, true)) {
      return;
    }
    try {
      threads.execute(this::run);
    } catch (RejectedExecutionException e) {
      running.set(false);
    }
  }

  private void run() {
    boolean retry = false;
    try {
      applyAll();
      error = null;
    } catch (ConnectionBusyException e) {
      retry = true;
      log.debug("{}: {}", database.name(), e.getMessage());
    } catch (IOException | RuntimeException e) {
      retry = true;
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      if (!why.equals(error)) {
        log.error("{}: not applied, trying again: {}", database.name(), why);
        log.debug("{}", database.name(), e);
      }
      error = why;
      aligned = false;
      endWriter(files::close);
    } finally {
      running.set(false);
    }
    if (retry && !closed) {
      var unused = RETRIES.schedule(this::wake, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } else if (database.position().txid() != database.applied().txid()) {
      wake();
    }
  }

  private void applyAll() throws IOException {
    if (isApplied()) {
      return;
    }
    open();
    while (!closed) {
      if (aligned && !isOnLog(database.applied())) {
        // The log began anew, with another history.
        aligned = false;
      }
      long from = aligned ? database.applied().txid() : -1;
      List<LogEntry> entries = from < 0 ? wholeLog() : database.log().after(from, BATCH);
      if (entries.isEmpty()) {
        if (aligned && isDeleted()) {
          // Opening has made the file again.
          applyDeletion();
        }
        return;
      }
      for (int i = 0; i < entries.size(); ) {
        i += apply(open(), entries.subList(i, entries.size()));
      }
    }
  }

  /** Waits until the file has all that is in the log. */
  boolean awaitApplied(long timeoutMillis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    while (running.get() || !isApplied()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      wake();
      LockSupport.parkNanos(1_000_000);
    }
    return true;
  }

  private boolean isApplied() {
    Position position = database.position();
    return position.equals(Position.NONE) || (aligned && database.applied().equals(position));
  }

  private boolean isDeleted() {
    LogEntry last = database.log().last();
    return last != null && last.header().commit() == 0;
  }

  private boolean isOnLog(Position applied) {
    return applied.equals(Position.NONE) || database.log().contains(applied);
  }

  /**
   * The file is at no position of the log: only a log that begins with a snapshot can rebuild it.
   */
  private List<LogEntry> wholeLog() throws IOException {
    LogEntry first = database.log().first();
    if (first == null || first.minTxid() != 1) {
      throw new IOException(
          file
              + " is at no position that the log knows; delete "
              + database.directory()
              + " to get it anew from the primary");
    }
    return database.log().after(0, BATCH);
  }

  private ReplicaWriter open() throws IOException {
    ReplicaWriter open = writer;
    if (open == null) {
      Path parent = file.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      open = files.open(database.name());
      writer = open;
      if (!aligned) {
        align(open);
      }
    }
    return open;
  }

  /** Finds out at which transaction of the log the file is, by its checksum. */
  private void align(ReplicaWriter open) throws IOException {
    long checksum = checksum(open);
    LogEntry last = database.log().last();
    aligned = false;
    for (long txid = last == null ? 0 : last.maxTxid(); last != null && txid > 0; ) {
      List<LogEntry> at = database.log().after(txid - 1, 1);
      if (at.isEmpty()) {
        break;
      }
      if (at.get(0).postApplyChecksum() == checksum) {
        aligned = true;
        database.markApplied(at.get(0).position());
        return;
      }
      txid = at.get(0).minTxid() - 1;
    }
    LogEntry first = database.log().first();
    if (first != null && first.minTxid() > 1 && first.before().checksum() == checksum) {
      aligned = true;
      database.markApplied(first.before());
      return;
    }
    database.markApplied(Position.NONE);
  }

  private static long checksum(ReplicaWriter open) throws IOException {
    int pageSize = open.pageSize();
    long xor = 0;
    if (pageSize > 0) {
      ByteBuffer page = ByteBuffer.allocateDirect(pageSize);
      int lockPage = Checksums.lockPage(pageSize);
      for (int pgno = 1; pgno <= open.pageCount(); pgno++) {
        if (pgno != lockPage) {
          page.clear();
          open.readPage(pgno, page);
          xor ^= Checksums.page(pgno, page.flip());
        }
      }
    }
    return Checksums.database(xor);
  }

  /** Applies the first of these, and what can be applied together with it; says how many. */
  private int apply(ReplicaWriter open, List<LogEntry> entries) throws IOException {
    long started = System.nanoTime();
    List<LogEntry> together = together(open.pageSize(), entries);
    if (!together.isEmpty()) {
      try (LoggedTransactions transactions = new LoggedTransactions(database, together)) {
        int applied = open.applyTogether(transactions);
        if (applied > 0) {
          applied(together.subList(0, applied), started);
          return applied;
        }
      }
    }
    apply(open, entries.get(0));
    return 1;
  }

  /** Those that change a database with this page size, up to some size. */
  private static List<LogEntry> together(int pageSize, List<LogEntry> entries) {
    int count = 0;
    long bytes = 0;
    for (LogEntry entry : entries) {
      bytes += entry.length();
      if (entry.minTxid() == 1
          || entry.header().commit() == 0
          || entry.header().pageSize() != pageSize
          || (count > 0 && bytes > TOGETHER_BYTES)) {
        break;
      }
      count++;
    }
    return entries.subList(0, count);
  }

  private void apply(ReplicaWriter open, LogEntry entry) throws IOException {
    long started = System.nanoTime();
    if (entry.header().commit() == 0) {
      applyDeletion();
      applied(List.of(entry), started);
      return;
    }
    try (LtxDecoder decoder = LtxDecoder.open(database.log().source(entry), database.name())) {
      DecodedPages pages = new DecodedPages(decoder);
      if (entry.minTxid() == 1) {
        open.applySnapshot(pages, entry.header().commit(), entry.header().pageSize());
      } else {
        open.apply(pages, entry.header().commit(), entry.header().pageSize());
      }
    }
    applied(List.of(entry), started);
  }

  /** Readers see these now. */
  private void applied(List<LogEntry> entries, long startedNanos) {
    aligned = true;
    database.markApplied(entries.get(entries.size() - 1).position());
    long nanosEach = (System.nanoTime() - startedNanos) / entries.size();
    for (LogEntry entry : entries) {
      database.tellApplied(entry, nanosEach, ageMillis(entry));
    }
  }

  private void applyDeletion() throws IOException {
    // Not by its files, which would let applications write before it is gone.
    ReplicaWriter open = writer;
    writer = null;
    if (open != null) {
      open.close();
    }
    for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + suffix));
    }
    if (open != null) {
      files.close(database.name(), open);
    }
  }

  private interface End {
    void of(String database, ReplicaWriter writer) throws IOException;
  }

  private void endWriter(End end) {
    ReplicaWriter open = writer;
    writer = null;
    if (open != null) {
      try {
        end.of(database.name(), open);
      } catch (IOException | RuntimeException e) {
        log.warn("{}: {}", database.name(), e.getMessage());
        log.debug("{}", database.name(), e);
      }
    }
  }

  /**
   * Reads a page as readers of the file see it; what the file does not have is zeros. Waits while
   * something is being applied.
   */
  void readPage(int pgno, ByteBuffer target) throws IOException {
    while (!running.compareAndSet(false, true)) {
      if (closed) {
        throw new IOException(database.name() + " is not followed any more");
      }
      LockSupport.parkNanos(100_000);
    }
    try {
      ReplicaWriter open = open();
      if (open.pageSize() == target.remaining() && pgno <= open.pageCount()) {
        open.readPage(pgno, target);
      } else {
        while (target.hasRemaining()) {
          target.put((byte) 0);
        }
      }
    } finally {
      running.set(false);
    }
    if (database.position().txid() != database.applied().txid()) {
      wake();
    }
  }

  /** Ends, once what is being applied is applied. */
  void close() {
    closed = true;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!running.compareAndSet(false, true) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    endWriter(files::giveBack);
  }
}
