package dev.sluice.ltx;

import java.nio.ByteBuffer;

/**
 * Checksums of pages and of whole databases.
 *
 * <p>A page's checksum is CRC-64/ISO over its number (32 bits, big-endian) and its content; the
 * database's is the XOR of those of all its pages except the lock page, so that a change of one
 * page costs one XOR with its old checksum and one with its new. Both have bit 63 set, which tells
 * them from 0, "no checksum". Stateless.
 */
public final class Checksums {
  /** Bit 63, set in every checksum. */
  public static final long FLAG = 1L << 63;

  /** The checksum of a database without pages. */
  public static final long EMPTY = FLAG;

  private static final int LOCK_BYTE = 0x40000000;

  private Checksums() {}

  /** The checksum of page {@code pgno} with the remaining content of {@code page}, not consumed. */
  public static long page(int pgno, ByteBuffer page) {
    long state = Crc64.updateIntState(Crc64.INITIAL_STATE, pgno);
    return ~Crc64.updateState(state, page, page.position(), page.remaining()) | FLAG;
  }

  /**
   * The checksum of a page that took a CRC from state {@code start} to {@code end}: a tenth of the
   * work of reading it again.
   */
  static long page(int pgno, int pageSize, long start, long end) {
    long state = Crc64.updateIntState(Crc64.INITIAL_STATE, pgno);
    return ~Crc64.fromOtherStart(start, end, state, pageSize) | FLAG;
  }

  /**
   * The checksum of a database whose page checksums have the exclusive or {@code xor}, whatever bit
   * 63 of it is.
   */
  public static long database(long xor) {
    return xor | FLAG;
  }

  /** The page that holds byte 0x40000000, on which SQLite takes its locks; never in an LTX file. */
  public static int lockPage(int pageSize) {
    return LOCK_BYTE / pageSize + 1;
  }
}
