package dev.sluice.ltx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The last 16 bytes of an LTX file.
 *
 * @param postApplyChecksum the database checksum after the file's last transaction; 0 in a file
 *     with the NoChecksum flag
 * @param fileChecksum CRC-64/ISO over the file with its pages uncompressed, bit 63 set
 */
public record LtxTrailer(long postApplyChecksum, long fileChecksum) {
  /** Size in bytes. */
  public static final int SIZE = 16;

  /**
   * Reads the trailer at the position of {@code source} and moves past it; any byte order.
   *
   * @throws java.nio.BufferUnderflowException when fewer than {@link #SIZE} bytes remain
   */
  public static LtxTrailer parse(ByteBuffer source) {
    ByteBuffer bytes = source.slice(source.position(), SIZE).order(ByteOrder.BIG_ENDIAN);
    source.position(source.position() + SIZE);
    return new LtxTrailer(bytes.getLong(0), bytes.getLong(8));
  }

  /** Writes the trailer at the position of {@code target} and moves past it. */
  public void writeTo(ByteBuffer target) {
    ByteOrder order = target.order();
    target.order(ByteOrder.BIG_ENDIAN).putLong(postApplyChecksum).putLong(fileChecksum);
    target.order(order);
  }
}
