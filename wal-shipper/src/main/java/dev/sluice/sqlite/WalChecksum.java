package dev.sluice.sqlite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The cumulative checksum of a WAL (<a
 * href="https://sqlite.org/fileformat2.html#checksum_algorithm">fileformat2, 4.2</a>): two sums of
 * 32 bits over words of 32 bits, each mixed into the other. The state is one long, s0 in the upper
 * half, so that carrying it along allocates nothing.
 */
public final class WalChecksum {
  /** Where a checksum starts. */
  public static final long START = 0;

  private WalChecksum() {}

  public static long of(int s0, int s1) {
    return ((long) s0 << 32) | (s1 & 0xffffffffL);
  }

  public static int s0(long state) {
    return (int) (state >>> 32);
  }

  public static int s1(long state) {
    return (int) state;
  }

  /**
   * Carries a checksum on over {@code length} bytes from index {@code from} of the buffer, whose
   * position and byte order play no part.
   *
   * @param length a multiple of 8
   * @param bigEndian how the words are read; stands in the WAL's magic
   */
  public static long update(long state, ByteBuffer bytes, int from, int length, boolean bigEndian) {
    if ((length & 7) != 0) {
      throw new IllegalArgumentException("length " + length + " is not a multiple of 8");
    }
    // Reading it word by word costs twice as much with the first compiler alone, as Sluice runs.
    long[] words = new long[length >> 3];
    bytes
        .slice(from, length)
        .order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN)
        .asLongBuffer()
        .get(words);
    int shift = bigEndian ? 32 : 0;
    int s0 = s0(state);
    int s1 = s1(state);
    for (long word : words) {
      s0 += (int) (word >>> shift) + s1;
      s1 += (int) (word >>> (32 - shift)) + s0;
    }
    return of(s0, s1);
  }
}
