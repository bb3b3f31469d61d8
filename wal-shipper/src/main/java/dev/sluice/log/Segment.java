package dev.sluice.log;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.LtxTrailer;
import dev.sluice.ltx.Txid;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A part of the log: LTX files one behind another, each after its length.
 *
 * <pre>
 *   length u64 │ LTX file │ length u64 │ LTX file │ …    big-endian; a length of 0 or the end of the file ends it
 * </pre>
 *
 * <p>One file for many transactions, because making a file costs more than a small transaction, and
 * because one fsync then covers all of them. A whole database has a segment for itself, which has
 * only its ends, and {@link WholeFile} the rest:
 *
 * <pre>
 *   length u64, highest bit set │ LTX header │ LTX trailer
 * </pre>
 */
final class Segment {
  static final String SUFFIX = ".log";

  private static final Logger log = LoggerFactory.getLogger(Segment.class);
  static final int LENGTH_BYTES = Long.BYTES;

  /** Set in the length of what lies in a {@link WholeFile}. */
  private static final long WHOLE = 1L << 63;

  /** A segment of this size gets no more transactions. */
  private static final long FULL_BYTES = 8 << 20;

  private static final int ENDS = LtxHeader.SIZE + LtxTrailer.SIZE;
  private static final int MIN_FILL = 16 << 10;
  private static final int MAX_FILL = 256 << 10;
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(MIN_FILL);

  final Path path;
  final long firstTxid;
  private final NativeFile file;

  /** Guarded by the log's lock. */
  final List<LogEntry> entries = new ArrayList<>();

  /** Where the next record begins. Guarded by the log's lock. */
  long end;

  /** Up to where the file has been written or filled with zeros. For the thread that appends. */
  private long filled;

  /** What the only entry has, and the trailer that it gets. Guarded by the log's lock. */
  private volatile @Nullable Whole whole;

  private record Whole(WholeFile file, LtxTrailer trailer) {}

  /** Something was appended that is not on the disk yet. */
  private volatile boolean unsynced;

  /** Guards what follows, and {@link #unsynced} against being taken back too early. */
  private final ReentrantLock syncing = new ReentrantLock();

  /** The file's name is not on the disk yet. */
  private boolean unnamed;

  private Segment(Path path, long firstTxid, NativeFile file) {
    this.path = path;
    this.firstTxid = firstTxid;
    this.file = file;
  }

  static Segment create(Path directory, long firstTxid) throws ErrnoException {
    Path path = directory.resolve(Txid.format(firstTxid) + SUFFIX);
    Segment segment =
        new Segment(
            path, firstTxid, NativeFile.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC));
    segment.unnamed = true;
    return segment;
  }

  /** Opens a segment and finds its entries. What a crash left unfinished at its end is cut off. */
  static Segment open(Path path) throws IOException {
    String name = path.getFileName().toString();
    long firstTxid = Txid.parse(name.substring(0, name.length() - SUFFIX.length()));
    Segment segment = new Segment(path, firstTxid, NativeFile.open(path, Libc.O_RDWR));
    try {
      segment.scan();
    } catch (IOException | RuntimeException e) {
      segment.close();
      throw e;
    }
    return segment;
  }

  private void scan() throws IOException {
    long size = file.size();
    ByteBuffer prefix =
        ByteBuffer.allocateDirect(LENGTH_BYTES + LtxHeader.SIZE).order(ByteOrder.BIG_ENDIAN);
    ByteBuffer trailer = ByteBuffer.allocateDirect(LtxTrailer.SIZE).order(ByteOrder.BIG_ENDIAN);
    while (whole == null && end + prefix.capacity() <= size) {
      file.readFully(prefix.clear(), end);
      boolean elsewhere = prefix.getLong(0) < 0;
      long length = prefix.getLong(0) & ~WHOLE;
      long here = elsewhere ? ENDS : length;
      if (length < ENDS || here > size - end - LENGTH_BYTES) {
        break;
      }
      LtxHeader header;
      try {
        header = LtxHeader.parse(prefix.position(LENGTH_BYTES));
      } catch (IllegalArgumentException e) {
        break;
      }
      long offset = end + LENGTH_BYTES;
      if (!entries.isEmpty() && header.minTxid() != entries.get(entries.size() - 1).maxTxid() + 1) {
        break;
      }
      file.readFully(trailer.clear(), offset + here - LtxTrailer.SIZE);
      LtxTrailer ends = LtxTrailer.parse(trailer.flip());
      if (elsewhere) {
        Optional<WholeFile> found = WholeFile.open(directory(), firstTxid, length);
        if (found.isEmpty()) {
          break;
        }
        whole = new Whole(found.get(), ends);
      }
      entries.add(new LogEntry(header, ends.postApplyChecksum(), this, offset, length));
      end = offset + here;
    }
    // Zeros that nothing came into, or a record that a crash left unfinished.
    if (end < size) {
      file.truncate(end);
    }
    filled = end;
  }

  /**
   * Reads the entries from {@code first} on, and drops one that is damaged and those behind it.
   *
   * @return false when some were dropped
   */
  boolean verify(int first) throws IOException {
    for (int i = first; i < entries.size(); i++) {
      if (!isWhole(entries.get(i))) {
        end = entries.get(i).offset() - LENGTH_BYTES;
        entries.subList(i, entries.size()).clear();
        if (whole != null) {
          whole.file().unlink();
          whole.file().close();
          whole = null;
        }
        file.truncate(end);
        filled = end;
        return false;
      }
    }
    return true;
  }

  private boolean isWhole(LogEntry entry) throws IOException {
    Whole of = whole;
    // Of a whole file its own ends count, too: a store gets them.
    try (LtxDecoder decoder =
        LtxDecoder.open(of == null ? source(entry) : of.file().bytes(), path.toString())) {
      while (decoder.next()) {
        // Reading is verifying.
      }
      return of == null
          ? decoder.trailer().postApplyChecksum() == entry.postApplyChecksum()
          : of.file().trailer(entry.header(), entry.postApplyChecksum()).equals(of.trailer());
    } catch (CorruptLtxException e) {
      log.warn(
          "{}: the log is damaged from TXID {} on, as a kill or a loss of power leaves it: {}",
          path,
          Txid.format(entry.minTxid()),
          e.getMessage());
      return false;
    }
  }

  /**
   * Fills the file with zeros for a while ahead, the more the larger it is: then an fsync need not
   * make the file's new size and place durable, only its bytes, which takes two thirds of the time.
   */
  private void fill(long until) throws ErrnoException {
    if (until <= filled) {
      return;
    }
    long step = Math.max(MIN_FILL, Math.min(MAX_FILL, end));
    ByteBuffer zeros = ZEROS.duplicate();
    for (filled = Math.max(filled, end); filled < until + step; filled += zeros.capacity()) {
      file.write(zeros.clear(), filled);
    }
  }

  /** No more comes: what is filled ahead is given back. */
  void finish() throws ErrnoException {
    file.truncate(end);
  }

  /** Writes bytes of a record under way, {@code at} bytes behind its start. */
  void write(ByteBuffer bytes, long at) throws ErrnoException {
    long offset = end + LENGTH_BYTES + at;
    filled = Math.max(filled, offset + bytes.remaining());
    file.write(bytes, offset);
  }

  /**
   * Ends the record under way: from now on it is there.
   *
   * @param start the record's length and, where that is not written yet, the bytes that follow it
   */
  LogEntry commit(LtxHeader header, long postApplyChecksum, long length, ByteBuffer start)
      throws ErrnoException {
    fill(end + LENGTH_BYTES + length);
    file.write(start, end);
    LogEntry entry = new LogEntry(header, postApplyChecksum, this, end + LENGTH_BYTES, length);
    entries.add(entry);
    end += LENGTH_BYTES + length;
    unsynced = true;
    return entry;
  }

  /**
   * Makes a whole database the only transaction of this segment, which was empty.
   *
   * @param written has all of it
   * @param header that it gets
   * @param trailer likewise
   */
  LogEntry commit(LtxHeader header, LtxTrailer trailer, WholeFile written) throws ErrnoException {
    ByteBuffer record =
        ByteBuffer.allocateDirect(LENGTH_BYTES + ENDS).putLong(written.size() | WHOLE);
    header.writeTo(record);
    trailer.writeTo(record);
    file.write(record.flip(), 0);
    LogEntry entry =
        new LogEntry(header, trailer.postApplyChecksum(), this, LENGTH_BYTES, written.size());
    whole = new Whole(written, trailer);
    entries.add(entry);
    end = record.capacity();
    unsynced = true;
    return entry;
  }

  /** True when the next transaction belongs into another segment. */
  boolean isFull() {
    return whole != null || end >= FULL_BYTES;
  }

  /** What it takes on the disk. */
  long sizeBytes() {
    Whole of = whole;
    return of == null ? end : end + of.file().size();
  }

  /** The file with the only transaction, or null. */
  @Nullable WholeFile whole() {
    Whole of = whole;
    return of == null ? null : of.file();
  }

  /** Whether its transaction is in this file. */
  boolean isOf(Path file) {
    WholeFile of = whole();
    return of != null && of.path().equals(file);
  }

  LtxSource source(LogEntry entry) {
    Whole of = whole;
    return of == null ? new EntrySource(entry) : of.file().source(entry.header(), of.trailer());
  }

  private Path directory() {
    return Objects.requireNonNull(path.getParent());
  }

  /** Also while another thread is about to change that. */
  boolean isUnsynced() {
    return unsynced || syncing.isLocked();
  }

  /** Only a hint, so that a later {@link #sync} has less to wait for. */
  void startSync() {
    WholeFile of = whole();
    if (of != null) {
      of.startSync();
    }
    file.startSync();
  }

  void sync() throws ErrnoException {
    syncing.lock();
    try {
      if (!unsynced) {
        return;
      }
      unsynced = false;
      try {
        WholeFile of = whole();
        if (of != null) {
          of.sync();
        }
        file.sync();
        if (unnamed) {
          NativeFile.syncDirectory(directory());
          unnamed = false;
        }
      } catch (ErrnoException e) {
        unsynced = true;
        throw e;
      }
    } finally {
      syncing.unlock();
    }
  }

  void close() {
    file.close();
    WholeFile of = whole();
    if (of != null) {
      of.close();
    }
  }

  /** Whoever reads an entry right now may finish; the descriptor is closed a little later. */
  void delete() throws IOException {
    unlink();
    closeLater();
  }

  void unlink() throws IOException {
    Files.deleteIfExists(path);
    WholeFile of = whole();
    if (of != null) {
      of.unlink();
    }
  }

  void closeLater() {
    CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS).execute(this::close);
  }

  private record EntrySource(LogEntry entry) implements LtxSource {
    @Override
    public long size() {
      return entry.length();
    }

    @Override
    public void readFully(long offset, ByteBuffer target) throws IOException {
      entry.segment().file.readFully(target, entry.offset() + offset);
    }

    @Override
    public void close() {
      // The segment stays open.
    }
  }
}
