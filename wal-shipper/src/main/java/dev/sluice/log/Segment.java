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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
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
 * because one fsync then covers all of them.
 */
final class Segment {
  static final String SUFFIX = ".log";

  private static final Logger log = LoggerFactory.getLogger(Segment.class);
  static final int LENGTH_BYTES = Long.BYTES;

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
    while (end + prefix.capacity() <= size) {
      file.readFully(prefix.clear(), end);
      long length = prefix.getLong(0);
      if (length < LtxHeader.SIZE + LtxTrailer.SIZE || length > size - end - LENGTH_BYTES) {
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
      file.readFully(trailer.clear(), offset + length - LtxTrailer.SIZE);
      entries.add(new LogEntry(header, trailer.getLong(0), this, offset, length));
      end = offset + length;
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
        file.truncate(end);
        filled = end;
        return false;
      }
    }
    return true;
  }

  private boolean isWhole(LogEntry entry) throws IOException {
    try (LtxDecoder decoder = LtxDecoder.open(source(entry), path.toString())) {
      while (decoder.next()) {
        // Reading is verifying.
      }
      return decoder.trailer().postApplyChecksum() == entry.postApplyChecksum();
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

  LtxSource source(LogEntry entry) {
    return new EntrySource(entry);
  }

  /** Also while another thread is about to change that. */
  boolean isUnsynced() {
    return unsynced || syncing.isLocked();
  }

  /** Only a hint, so that a later {@link #sync} has less to wait for. */
  void startSync() {
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
        file.sync();
        if (unnamed) {
          NativeFile.syncDirectory(Objects.requireNonNull(path.getParent()));
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
  }

  /** Whoever reads an entry right now may finish; the descriptor is closed a little later. */
  void delete() throws IOException {
    unlink();
    closeLater();
  }

  void unlink() throws IOException {
    Files.deleteIfExists(path);
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
      if (target.isDirect()) {
        entry.segment().file.readFully(target, entry.offset() + offset);
        return;
      }
      ByteBuffer direct = ByteBuffer.allocateDirect(target.remaining());
      entry.segment().file.readFully(direct, entry.offset() + offset);
      target.put(direct.flip());
    }

    @Override
    public void close() {
      // The segment stays open.
    }
  }
}
