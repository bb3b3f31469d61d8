package dev.sluice.sqlite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 24 bytes before each page in a WAL.
 *
 * @param pgno number of the page
 * @param commit size of the database in pages after the transaction, in its last frame; otherwise 0
 * @param salt1 as in the WAL's header, or the frame is left over from before a restart
 * @param salt2 likewise
 * @param checksum the cumulative {@link WalChecksum} from the header to this frame
 */
public record WalFrameHeader(int pgno, int commit, int salt1, int salt2, long checksum) {
  public static final int SIZE = 24;

  /** How many bytes of a frame header the frame's checksum covers; then it covers the page. */
  public static final int CHECKSUMMED = 8;

  /** Reads the frame header at the buffer's position, which does not move. */
  public static WalFrameHeader parse(ByteBuffer frame) {
    ByteBuffer in = frame.slice().order(ByteOrder.BIG_ENDIAN);
    return new WalFrameHeader(
        in.getInt(0), in.getInt(4), in.getInt(8), in.getInt(12), in.getLong(16));
  }

  /** Writes 24 bytes at the buffer's position and moves it. */
  public void writeTo(ByteBuffer frame) {
    ByteBuffer out = frame.slice().order(ByteOrder.BIG_ENDIAN);
    out.putInt(pgno).putInt(commit).putInt(salt1).putInt(salt2).putLong(checksum);
    frame.position(frame.position() + SIZE);
  }

  /** True for the last frame of a transaction. */
  public boolean isCommit() {
    return commit != 0;
  }

  /**
   * The checksum of a whole frame, of which index {@code from} holds the header and the page
   * follows.
   *
   * @param before the checksum up to the frame before
   */
  public static long checksum(
      long before, ByteBuffer frame, int from, int pageSize, boolean bigEndian) {
    long state = WalChecksum.update(before, frame, from, CHECKSUMMED, bigEndian);
    return WalChecksum.update(state, frame, from + SIZE, pageSize, bigEndian);
  }
}
