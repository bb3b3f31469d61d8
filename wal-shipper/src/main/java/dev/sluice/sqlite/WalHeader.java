package dev.sluice.sqlite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The first 32 bytes of a WAL (<a
 * href="https://sqlite.org/fileformat2.html#the_write_ahead_log">fileformat2, 4.1</a>).
 *
 * @param bigEndianChecksum how the checksums of this WAL read their words; from the magic
 * @param pageSize bytes
 * @param checkpointSequence grows with every restart of the WAL
 * @param salt1 grows by one with every restart
 * @param salt2 random with every restart
 */
public record WalHeader(
    boolean bigEndianChecksum, int pageSize, int checkpointSequence, int salt1, int salt2) {
  public static final int SIZE = 32;
  public static final int FORMAT_VERSION = 3_007_000;

  private static final int MAGIC = 0x377f0682;

  public WalHeader {
    if (!PageSize.isValid(pageSize)) {
      throw new IllegalArgumentException("page size " + pageSize);
    }
  }

  /**
   * Reads the header at the buffer's position, which does not move.
   *
   * @return empty when SQLite would take this WAL for an empty one: too short, or its magic,
   *     version, page size or checksum is wrong
   */
  public static Optional<WalHeader> parse(ByteBuffer wal) {
    if (wal.remaining() < SIZE) {
      return Optional.empty();
    }
    ByteBuffer in = wal.slice().order(ByteOrder.BIG_ENDIAN);
    int magic = in.getInt(0);
    int pageSize = in.getInt(8);
    if ((magic & ~1) != MAGIC || in.getInt(4) != FORMAT_VERSION || !PageSize.isValid(pageSize)) {
      return Optional.empty();
    }
    boolean bigEndian = (magic & 1) != 0;
    if (WalChecksum.update(WalChecksum.START, in, 0, 24, bigEndian) != in.getLong(24)) {
      return Optional.empty();
    }
    return Optional.of(
        new WalHeader(bigEndian, pageSize, in.getInt(12), in.getInt(16), in.getInt(20)));
  }

  /** Writes 32 bytes at the buffer's position and moves it. Returns the checksum of the header. */
  public long writeTo(ByteBuffer wal) {
    ByteBuffer out = wal.slice().order(ByteOrder.BIG_ENDIAN);
    out.putInt(0, bigEndianChecksum ? MAGIC | 1 : MAGIC)
        .putInt(4, FORMAT_VERSION)
        .putInt(8, pageSize)
        .putInt(12, checkpointSequence)
        .putInt(16, salt1)
        .putInt(20, salt2);
    long checksum = WalChecksum.update(WalChecksum.START, out, 0, 24, bigEndianChecksum);
    out.putLong(24, checksum);
    wal.position(wal.position() + SIZE);
    return checksum;
  }

  /** The checksum of the header: where that of the first frame continues. */
  public long checksum() {
    return writeTo(ByteBuffer.allocate(SIZE));
  }

  /** Bytes of a frame: its header and the page. */
  public int frameSize() {
    return WalFrameHeader.SIZE + pageSize;
  }

  /** Where frame {@code frame}, counted from 1, begins in the file. */
  public long frameOffset(int frame) {
    return SIZE + (long) (frame - 1) * frameSize();
  }
}
