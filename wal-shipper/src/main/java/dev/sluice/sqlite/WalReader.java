package dev.sluice.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Reads the frames of a WAL in order, up to the first whose salts or checksum are wrong. Frames
 * after the last commit are among them: whoever reads decides what an unfinished transaction means.
 * For one thread.
 */
public final class WalReader {
  private static final int BUFFER_BYTES = 256 << 10;

  private final ReadAt file;
  private final WalHeader header;
  private final ByteBuffer buffer;
  private long checksum;
  private int frame;
  private int pgno;
  private int commit;
  private boolean unsealedToo;

  private WalReader(ReadAt file, WalHeader header, int frame, long checksum) {
    this.file = file;
    this.header = header;
    this.frame = frame;
    this.checksum = checksum;
    int frames = Math.max(1, BUFFER_BYTES / header.frameSize());
    this.buffer = ByteBuffer.allocateDirect(frames * header.frameSize());
    buffer.position(0).limit(0);
  }

  /** Starts at the first frame; empty when the WAL has no valid header. */
  public static Optional<WalReader> open(ReadAt file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(WalHeader.SIZE).order(ByteOrder.BIG_ENDIAN);
    file.readFully(bytes, 0);
    return WalHeader.parse(bytes.flip()).map(h -> new WalReader(file, h, 0, h.checksum()));
  }

  /** Continues after frame {@code frame}, up to which the checksum is {@code checksum}. */
  public static WalReader after(ReadAt file, WalHeader header, int frame, long checksum) {
    return new WalReader(file, header, frame, checksum);
  }

  /**
   * From now on also takes frames that SQLite's recovery would not find: those without salts, and
   * those whose checksum does not follow. They may be left of an earlier generation of the WAL, or
   * half written.
   */
  public void takeUnsealed() {
    unsealedToo = true;
  }

  /**
   * Moves to the next frame. False, and the reader stays where it is, when no valid one follows.
   */
  public boolean next() throws IOException {
    int size = header.frameSize();
    int start = buffer.limit() == 0 ? 0 : buffer.position() + size;
    if (start + size > buffer.limit()) {
      buffer.clear();
      int read = file.readFully(buffer, header.frameOffset(frame + 1));
      buffer.position(0).limit(read - read % size);
      start = 0;
      if (read < size) {
        buffer.limit(0);
        return false;
      }
    }
    boolean taken = unsealedToo ? hasNoSalts(start) || hasSalts(start) : isSealed(start);
    if (!taken || buffer.getInt(start) == 0) {
      return stop();
    }
    buffer.position(start);
    pgno = buffer.getInt(start);
    commit = buffer.getInt(start + 4);
    checksum = buffer.getLong(start + 16);
    frame++;
    return true;
  }

  private boolean isSealed(int start) {
    return hasSalts(start)
        && buffer.getLong(start + 16)
            == WalFrameHeader.checksum(
                checksum, buffer, start, header.pageSize(), header.bigEndianChecksum());
  }

  private boolean hasSalts(int start) {
    return buffer.getInt(start + 8) == header.salt1()
        && buffer.getInt(start + 12) == header.salt2();
  }

  private boolean hasNoSalts(int start) {
    return buffer.getLong(start + 8) == 0;
  }

  /** The file may grow, or its tail be written again: the next try reads it afresh. */
  private boolean stop() {
    buffer.position(0).limit(0);
    return false;
  }

  public WalHeader header() {
    return header;
  }

  /** Number of the frame last read, from 1; 0 before the first. */
  public int frame() {
    return frame;
  }

  public int pgno() {
    return pgno;
  }

  /** Size of the database in pages when this frame ends a transaction, otherwise 0. */
  public int commit() {
    return commit;
  }

  /** The cumulative checksum up to this frame. */
  public long checksum() {
    return checksum;
  }

  /** The page of the frame, valid until the next call of {@link #next}. */
  public ByteBuffer page() {
    return buffer.slice(buffer.position() + WalFrameHeader.SIZE, header.pageSize());
  }
}
