package dev.sluice.sqlite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The layout of the wal-index, the -shm file (<a
 * href="https://sqlite.org/walformat.html#the_wal_index_file_format">walformat, 2</a>), in the byte
 * order of the machine:
 *
 * <pre>
 * block 0    0  header, 48 bytes, twice: readers take it when both are equal
 *           96  checkpoint info: backfilled frames, five read marks, the lock bytes 120-128
 *          136  page numbers of frames 1-4062
 *        16384  hash table: 8192 slots of 16 bits, each the place of a frame in this block, from 1
 * block n    0  page numbers of the next 4096 frames
 *        16384  hash table
 * </pre>
 */
public final class WalIndex {
  public static final int BLOCK_SIZE = 32_768;
  public static final int BACKFILL = 96;
  public static final int READ_MARKS = 100;
  public static final int BACKFILL_ATTEMPTED = 128;
  public static final int INFO_END = 136;
  public static final int HASH_TABLE = 16_384;

  /** A read mark that no reader uses. */
  public static final int MARK_UNUSED = -1;

  private static final int SLOTS = 8192;
  private static final int FRAMES = 4096;
  private static final int FRAMES_IN_FIRST = FRAMES - INFO_END / 4;

  private WalIndex() {}

  /** The block, from 0, that indexes frame {@code frame}, from 1. */
  public static int block(int frame) {
    return (frame + FRAMES - FRAMES_IN_FIRST - 1) / FRAMES;
  }

  /** The frame before the first of a block. */
  public static int frameBefore(int block) {
    return block == 0 ? 0 : FRAMES_IN_FIRST + (block - 1) * FRAMES;
  }

  /** The last frame a block can index. */
  public static int lastFrame(int block) {
    return frameBefore(block + 1);
  }

  /** Where a block's page numbers begin in the block. */
  public static int pageNumbers(int block) {
    return block == 0 ? INFO_END : 0;
  }

  /** Where the page number of a frame stands in its block. */
  public static int pageNumber(int frame) {
    int block = block(frame);
    return pageNumbers(block) + (frame - frameBefore(block) - 1) * 4;
  }

  /**
   * Enters a frame in the image of its block, which has the machine's byte order.
   *
   * @return the index in the block of the hash slot that was taken
   */
  public static int insert(ByteBuffer block, int frame, int pgno) {
    block.putInt(pageNumber(frame), pgno);
    int slot = (pgno * 383) & (SLOTS - 1);
    while (block.getShort(HASH_TABLE + slot * 2) != 0) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    int at = HASH_TABLE + slot * 2;
    block.putShort(at, (short) (frame - frameBefore(block(frame))));
    return at;
  }

  /**
   * One copy of the header.
   *
   * @param change grows with every transaction
   * @param bigEndianChecksum how the WAL's checksums read their words
   * @param pageSize bytes, or 0 when nothing has been written to the WAL
   * @param maxFrame the last committed frame
   * @param pageCount size of the database in pages, as of that frame
   * @param frameChecksum cumulative checksum up to that frame
   * @param salt1 of the WAL's header
   * @param salt2 likewise
   */
  public record Header(
      int change,
      boolean bigEndianChecksum,
      int pageSize,
      int maxFrame,
      int pageCount,
      long frameChecksum,
      int salt1,
      int salt2) {
    public static final int SIZE = 48;

    private static final int CHECKSUMMED = 40;
    private static final boolean NATIVE_BIG = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;

    /**
     * Reads both copies at the buffer's position, which does not move.
     *
     * @return empty when they differ, or are not initialised, or their checksum is wrong: a writer
     *     is publishing, or the index must be recovered
     */
    public static Optional<Header> parse(ByteBuffer index) {
      ByteBuffer in = index.slice().order(ByteOrder.nativeOrder());
      if (in.remaining() < 2 * SIZE
          || in.slice(0, SIZE).mismatch(in.slice(SIZE, SIZE)) >= 0
          || in.getInt(0) != WalHeader.FORMAT_VERSION
          || in.get(12) != 1) {
        return Optional.empty();
      }
      long sum = WalChecksum.update(WalChecksum.START, in, 0, CHECKSUMMED, NATIVE_BIG);
      if (sum != WalChecksum.of(in.getInt(40), in.getInt(44))) {
        return Optional.empty();
      }
      ByteBuffer salts = in.slice().order(ByteOrder.BIG_ENDIAN);
      return Optional.of(
          new Header(
              in.getInt(4 + 4),
              in.get(13) != 0,
              PageSize.fromShort(in.getShort(14) & 0xffff),
              in.getInt(16),
              in.getInt(20),
              WalChecksum.of(in.getInt(24), in.getInt(28)),
              salts.getInt(32),
              salts.getInt(36)));
    }

    /** Writes both copies, 96 bytes, at the buffer's position and moves it. */
    public void writeTo(ByteBuffer index) {
      ByteBuffer out = index.slice().order(ByteOrder.nativeOrder());
      out.putInt(0, WalHeader.FORMAT_VERSION)
          .putInt(4, 0)
          .putInt(8, change)
          .put(12, (byte) 1)
          .put(13, (byte) (bigEndianChecksum ? 1 : 0))
          .putShort(14, PageSize.toShort(pageSize))
          .putInt(16, maxFrame)
          .putInt(20, pageCount)
          .putInt(24, WalChecksum.s0(frameChecksum))
          .putInt(28, WalChecksum.s1(frameChecksum));
      // The salts are the bytes of the WAL's header, not numbers.
      out.order(ByteOrder.BIG_ENDIAN).putInt(32, salt1).putInt(36, salt2);
      out.order(ByteOrder.nativeOrder());
      long sum = WalChecksum.update(WalChecksum.START, out, 0, CHECKSUMMED, NATIVE_BIG);
      out.putInt(40, WalChecksum.s0(sum)).putInt(44, WalChecksum.s1(sum));
      out.put(SIZE, out, 0, SIZE);
      index.position(index.position() + 2 * SIZE);
    }
  }
}
