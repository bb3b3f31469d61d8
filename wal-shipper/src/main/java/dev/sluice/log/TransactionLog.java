package dev.sluice.log;

import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.LtxTrailer;
import dev.sluice.ltx.Position;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The LTX files of one database on this node, oldest first and without gaps.
 *
 * <p>Appending is for one thread at a time (the database's lock); reading is safe for many. The log
 * does not fsync by itself: {@link #sync} is called when the application's own data becomes
 * durable.
 */
public final class TransactionLog implements Closeable {
  /** A file up to this size is written with its length, in one piece. */
  private static final int SMALL = 8 << 10;

  /** So much of a large file goes to the disk while the rest of it is being made. */
  private static final long HINT_BYTES = 16 << 20;

  private final Path directory;
  private final ReentrantLock lock = new ReentrantLock();

  /** Oldest first; all but the last are never empty. Guarded by {@link #lock}. */
  private final List<Segment> segments = new ArrayList<>();

  private final Appender appender = new Appender();

  /** Is told how many nanoseconds an fsync took. */
  private volatile LongConsumer synced = nanos -> {};

  private TransactionLog(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens the log in a directory, which is made when it is not there.
   *
   * @param verify whether the power was lost, so that all of it has to be read
   */
  public static TransactionLog open(Path directory, boolean verify) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      NativeFile.syncDirectory(Objects.requireNonNull(directory.getParent()));
    }
    TransactionLog log = new TransactionLog(directory);
    try (Stream<Path> listed = Files.list(directory)) {
      List<Path> files = listed.sorted().toList();
      for (Path path : files) {
        if (!path.toString().endsWith(Segment.SUFFIX)) {
          continue;
        }
        Segment segment = Segment.open(path);
        LogEntry last = log.last();
        boolean follows =
            last == null
                || (!segment.entries.isEmpty()
                    && segment.entries.get(0).before().equals(last.position()));
        if (segment.entries.isEmpty() || !follows) {
          segment.delete();
        } else {
          log.segments.add(segment);
        }
      }
      log.verify(verify);
      log.deleteUnused(files);
    } catch (IOException | RuntimeException e) {
      log.close();
      throw e;
    }
    return log;
  }

  /** Whole databases that a kill has left before they were in the log. */
  private void deleteUnused(List<Path> files) throws IOException {
    for (Path file : files) {
      if (file.toString().endsWith(WholeFile.SUFFIX)
          && segments.stream().noneMatch(segment -> segment.isOf(file))) {
        Files.deleteIfExists(file);
      }
    }
  }

  /**
   * Drops what a crash has damaged. A kill may have torn the one write of a small transaction that
   * was the last; a loss of power may have torn whatever was not synced.
   */
  void verify(boolean all) throws IOException {
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      int n = segment.entries.size();
      boolean torn = i == segments.size() - 1 && segment.entries.get(n - 1).length() <= SMALL;
      if ((all || torn) && !segment.verify(all ? 0 : n - 1)) {
        int keep = segments.get(i).entries.isEmpty() ? i : i + 1;
        while (segments.size() > keep) {
          segments.remove(segments.size() - 1).delete();
        }
      }
    }
  }

  /**
   * Takes the bytes of one LTX file; nothing of it is in the log before {@link #commit}. A small
   * file is written then, in one piece with its length.
   */
  final class Appender implements LtxSink {
    /** Room for the length, then what has come of a file while it is small. */
    private final ByteBuffer start =
        ByteBuffer.allocateDirect(Segment.LENGTH_BYTES + SMALL).order(ByteOrder.BIG_ENDIAN);

    private @Nullable Segment segment;
    private long taken;

    /** Up to where the disk was told to begin. */
    private long hinted;

    private final AtomicBoolean writingBack = new AtomicBoolean();

    void start(long minTxid) throws ErrnoException {
      taken = 0;
      hinted = 0;
      start.clear().position(Segment.LENGTH_BYTES);
      lock.lock();
      try {
        Segment last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
        segment = last == null || last.isFull() ? begin(minTxid) : last;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      if (segment == null) {
        throw new IllegalStateException("not started");
      }
      int n = bytes.remaining();
      int held = start.position() - Segment.LENGTH_BYTES;
      if (held == taken && n <= start.remaining()) {
        start.put(bytes);
      } else {
        if (held == taken) {
          segment.write(start.flip().position(Segment.LENGTH_BYTES), 0);
          start.clear().position(Segment.LENGTH_BYTES);
        }
        segment.write(bytes, taken);
      }
      taken += n;
      if (taken - hinted >= HINT_BYTES) {
        hinted = taken;
        writeBack(segment);
      }
    }

    /** By another thread, as a busy disk makes whoever asks wait. */
    private void writeBack(Segment written) {
      if (writingBack.compareAndSet(false, true)) {
        Thread thread =
            new Thread(
                () -> {
                  written.startSync();
                  writingBack.set(false);
                },
                "log-write-back");
        thread.setDaemon(true);
        thread.start();
      }
    }

    LogEntry commit(LtxHeader header, long postApplyChecksum) throws ErrnoException {
      lock.lock();
      try {
        Segment into = segment;
        if (into == null) {
          throw new IllegalStateException("not started");
        }
        segment = null;
        start.flip().putLong(0, taken);
        return into.commit(header, postApplyChecksum, taken, start);
      } finally {
        lock.unlock();
      }
    }
  }

  Appender appender() {
    return appender;
  }

  /** Begins a segment. With the lock. */
  private Segment begin(long minTxid) throws ErrnoException {
    Segment last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
    if (last != null && last.entries.isEmpty()) {
      segments.remove(last);
      last.close();
    } else if (last != null) {
      last.finish();
    }
    Segment segment = Segment.create(directory, minTxid);
    segments.add(segment);
    return segment;
  }

  /** Begins a whole database, whose first transaction is {@code txid}; see {@link #append}. */
  WholeFile.Writer whole(long txid) throws IOException {
    return new WholeFile.Writer(directory, txid);
  }

  /**
   * Adds a whole database.
   *
   * @param whole is deleted when this fails
   * @param header that it has in the log, with checksums
   */
  LogEntry append(WholeFile whole, LtxHeader header, long postApplyChecksum) throws IOException {
    try {
      // Not under the lock: it takes the file's page index.
      LtxTrailer trailer = whole.trailer(header, postApplyChecksum);
      lock.lock();
      try {
        return begin(header.minTxid()).commit(header, trailer, whole);
      } finally {
        lock.unlock();
      }
    } catch (IOException | RuntimeException e) {
      whole.unlink();
      whole.close();
      throw e;
    }
  }

  /** The newest entry, or null when there is none. */
  public @Nullable LogEntry last() {
    lock.lock();
    try {
      for (int i = segments.size() - 1; i >= 0; i--) {
        List<LogEntry> entries = segments.get(i).entries;
        if (!entries.isEmpty()) {
          return entries.get(entries.size() - 1);
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The oldest entry, or null when there is none. */
  public @Nullable LogEntry first() {
    lock.lock();
    try {
      return segments.isEmpty() || segments.get(0).entries.isEmpty()
          ? null
          : segments.get(0).entries.get(0);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Up to {@code limit} entries that follow {@code txid} without a gap, oldest first; empty when
   * the log no longer (or not yet) has the next one.
   */
  public List<LogEntry> after(long txid, int limit) {
    lock.lock();
    try {
      List<LogEntry> found = new ArrayList<>();
      int s = segmentOf(txid + 1);
      if (s < 0) {
        return found;
      }
      int e = indexOf(segments.get(s).entries, txid + 1);
      if (e < 0) {
        return found;
      }
      for (; s < segments.size() && found.size() < limit; s++, e = 0) {
        List<LogEntry> entries = segments.get(s).entries;
        int n = Math.min(entries.size() - e, limit - found.size());
        found.addAll(entries.subList(e, e + n));
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  /** The database checksum after {@code txid}, when the log still knows it. */
  public OptionalLong checksumAfter(long txid) {
    lock.lock();
    try {
      int s = segmentOf(txid);
      if (s >= 0) {
        List<LogEntry> entries = segments.get(s).entries;
        int e = lastAtOrBefore(entries, txid);
        if (e >= 0 && entries.get(e).maxTxid() == txid) {
          return OptionalLong.of(entries.get(e).postApplyChecksum());
        }
      }
      LogEntry first = first();
      return first != null && first.before().txid() == txid && txid > 0
          ? OptionalLong.of(first.before().checksum())
          : OptionalLong.empty();
    } finally {
      lock.unlock();
    }
  }

  /** True when the database once stood at {@code position}, as far as the log goes back. */
  public boolean contains(Position position) {
    OptionalLong checksum = checksumAfter(position.txid());
    return checksum.isPresent() && checksum.getAsLong() == position.checksum();
  }

  /** The newest entry after which the database had this size and checksum, or null. */
  public @Nullable LogEntry find(int pageSize, int pageCount, long checksum) {
    return find(pageSize, pageCount, checksum, header -> true);
  }

  /** As {@link #find}, of the entries whose header is as wanted. */
  public @Nullable LogEntry find(
      int pageSize, int pageCount, long checksum, Predicate<LtxHeader> wanted) {
    lock.lock();
    try {
      for (int i = segments.size() - 1; i >= 0; i--) {
        List<LogEntry> entries = segments.get(i).entries;
        for (int e = entries.size() - 1; e >= 0; e--) {
          LogEntry entry = entries.get(e);
          LtxHeader header = entry.header();
          if (entry.postApplyChecksum() == checksum
              && header.commit() == pageCount
              && header.pageSize() == pageSize
              && wanted.test(header)) {
            return entry;
          }
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The newest entry after which the database had this checksum, or null. */
  public @Nullable LogEntry find(long checksum) {
    lock.lock();
    try {
      for (int i = segments.size() - 1; i >= 0; i--) {
        List<LogEntry> entries = segments.get(i).entries;
        for (int e = entries.size() - 1; e >= 0; e--) {
          if (entries.get(e).postApplyChecksum() == checksum) {
            return entries.get(e);
          }
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The bytes of an entry. */
  public LtxSource source(LogEntry entry) {
    return entry.segment().source(entry);
  }

  /** The segment in which {@code txid} would lie, or -1. */
  private int segmentOf(long txid) {
    for (int i = segments.size() - 1; i >= 0; i--) {
      if (Long.compareUnsigned(segments.get(i).firstTxid, txid) <= 0) {
        return i;
      }
    }
    return -1;
  }

  private static int indexOf(List<LogEntry> entries, long minTxid) {
    int e = lastAtOrBefore(entries, minTxid);
    return e >= 0 && entries.get(e).minTxid() == minTxid ? e : -1;
  }

  private static int lastAtOrBefore(List<LogEntry> entries, long minTxid) {
    int low = 0;
    int high = entries.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(entries.get(middle).minTxid(), minTxid) <= 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }

  /** Begins to bring to the disk what {@link #sync} will wait for. */
  public void startSync() {
    unsynced().forEach(Segment::startSync);
  }

  /** Waits until all that was appended is on the disk. */
  public void sync() throws ErrnoException {
    List<Segment> unsynced = unsynced();
    if (unsynced.isEmpty()) {
      return;
    }
    long started = System.nanoTime();
    for (Segment segment : unsynced) {
      segment.sync();
    }
    synced.accept(System.nanoTime() - started);
  }

  void onSynced(LongConsumer told) {
    synced = told;
  }

  private List<Segment> unsynced() {
    lock.lock();
    try {
      return segments.stream().filter(Segment::isUnsynced).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Size of all segments, in bytes. */
  public long sizeBytes() {
    lock.lock();
    try {
      return segments.stream().mapToLong(Segment::sizeBytes).sum();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Deletes the oldest segments while the log is larger than {@code keepBytes}; never one with a
   * transaction after {@code keepAfter}, and never the newest.
   */
  public void trim(long keepBytes, long keepAfter) throws IOException {
    while (true) {
      Segment oldest;
      lock.lock();
      try {
        if (segments.size() < 2 || sizeBytes() <= keepBytes) {
          return;
        }
        oldest = segments.get(0);
        LogEntry last = oldest.entries.get(oldest.entries.size() - 1);
        if (Long.compareUnsigned(last.maxTxid(), keepAfter) > 0
            || segments.get(1).entries.isEmpty()) {
          return;
        }
        segments.remove(0);
      } finally {
        lock.unlock();
      }
      oldest.delete();
    }
  }

  /** Forgets everything: the database begins another history. */
  public void clear() throws IOException {
    lock.lock();
    try {
      for (Segment segment : segments) {
        segment.delete();
      }
      segments.clear();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes everything out, to be written anew: the files are gone, but can be read until the caller
   * closes them.
   */
  List<Segment> takeOut() throws IOException {
    lock.lock();
    try {
      for (Segment segment : segments) {
        segment.unlink();
      }
      List<Segment> taken = List.copyOf(segments);
      segments.clear();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      segments.forEach(Segment::close);
    } finally {
      lock.unlock();
    }
  }
}
