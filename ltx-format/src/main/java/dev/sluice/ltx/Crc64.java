package dev.sluice.ltx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * CRC-64/ISO as in ISO 3309 and Go's {@code hash/crc64}: polynomial x^64+x^4+x^3+x+1, bits
 * reflected, initial value and final XOR all ones. {@code "123456789"} gives {@code
 * B90956C775A41001}.
 *
 * <p>The polynomial is so sparse that no table is needed. In the reflected representation bit 63 is
 * x^0, so a multiplication by x^k is a shift right by k; what falls out stands for x^64 and more.
 * Four words are folded at a time: x^256 ≡ (1+x^4)(1+x^12), so each word of a lane is carried over
 * to the next block of 32 bytes with five shifts. What falls out there belongs to the word before
 * it, and because that word is still to be folded, it is simply added to it rather than reduced:
 *
 * <pre>
 *   block n      s0   s1   s2   s3
 *                 │ ╲  │  ╲ │  ╲ │      s0's carry goes to s3 of the same block, before s3 is folded;
 *   block n+1    w0   w1   w2   w3     s1's, s2's, s3's to the words left of theirs
 * </pre>
 *
 * <p>An instance is for one thread at a time; the static methods are stateless.
 */
public final class Crc64 {
  /** The state before the first byte. A state is the complement of the CRC. */
  static final long INITIAL_STATE = -1L;

  private static final VarHandle ARRAY_LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle BUFFER_LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** What is shorter is the header of something, and not worth taking words for. */
  private static final int SMALLEST_PAGE = 512;

  private static final ThreadLocal<Words> WORDS = ThreadLocal.withInitial(Words::new);

  /** x^(2^i) modulo the polynomial, for i from 0. */
  private static final long[] POWERS = powers();

  private long state = INITIAL_STATE;

  /** Starts with no bytes. */
  public Crc64() {}

  /** The CRC of {@code length} bytes of {@code bytes} from {@code offset}. */
  public static long of(byte[] bytes, int offset, int length) {
    return ~updateState(INITIAL_STATE, bytes, offset, length);
  }

  /** The CRC of the remaining bytes of {@code bytes}, which are not consumed. */
  public static long of(ByteBuffer bytes) {
    return ~updateState(INITIAL_STATE, bytes, bytes.position(), bytes.remaining());
  }

  /** The CRC of A followed by B, from the CRC of each and the length of B in bytes. */
  public static long combine(long crcA, long crcB, long lengthB) {
    // Initial value and final XOR cancel out.
    return shift(crcA, lengthB) ^ crcB;
  }

  /** Adds {@code length} bytes of {@code bytes} from {@code offset}. */
  public void update(byte[] bytes, int offset, int length) {
    state = updateState(state, bytes, offset, length);
  }

  /** Adds the remaining bytes of {@code bytes}, which are not consumed. Any byte order. */
  public void update(ByteBuffer bytes) {
    state = updateState(state, bytes, bytes.position(), bytes.remaining());
  }

  /** Adds {@code length} bytes of {@code bytes} from index {@code offset}, whatever its limits. */
  void update(ByteBuffer bytes, int offset, int length) {
    state = updateState(state, bytes, offset, length);
  }

  /** Adds {@code length} bytes whose CRC is {@code crc}. */
  void append(long crc, long length) {
    state = ~combine(~state, crc, length);
  }

  /** The CRC of what was added so far. */
  public long value() {
    return ~state;
  }

  /** Back to no bytes. */
  public void reset() {
    state = INITIAL_STATE;
  }

  /** {@code state} after one byte. */
  private static long updateByte(long state, int b) {
    long v = state ^ (b & 0xff);
    return v >>> 8 ^ reduce(v << 56);
  }

  /** {@code state} after the four big-endian bytes of {@code value}. */
  static long updateIntState(long state, int value) {
    long v = state ^ (Integer.reverseBytes(value) & 0xffffffffL);
    return v >>> 32 ^ reduce(v << 32);
  }

  /** {@code state} after one little-endian word; {@code v} is the XOR of both. */
  private static long fold(long v) {
    long carry = v << 63 ^ v << 61 ^ v << 60;
    return reduce(v) ^ reduce(carry);
  }

  /** v · x^64 without what that carries out. */
  private static long reduce(long v) {
    return v ^ v >>> 1 ^ v >>> 3 ^ v >>> 4;
  }

  static long updateState(long state, byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    int i = offset;
    int end = offset + length;
    long s = state;
    if (length >= 64) {
      long s0 = s ^ (long) ARRAY_LONG.get(bytes, i);
      long s1 = (long) ARRAY_LONG.get(bytes, i + 8);
      long s2 = (long) ARRAY_LONG.get(bytes, i + 16);
      long s3 = (long) ARRAY_LONG.get(bytes, i + 24);
      int last = end - 32;
      for (i += 32; i <= last; i += 32) {
        s3 ^= carry(s0);
        long n0 = (long) ARRAY_LONG.get(bytes, i) ^ keep(s0) ^ carry(s1);
        long n1 = (long) ARRAY_LONG.get(bytes, i + 8) ^ keep(s1) ^ carry(s2);
        long n2 = (long) ARRAY_LONG.get(bytes, i + 16) ^ keep(s2) ^ carry(s3);
        s3 = (long) ARRAY_LONG.get(bytes, i + 24) ^ keep(s3);
        s0 = n0;
        s1 = n1;
        s2 = n2;
      }
      s = fold(fold(fold(fold(s0) ^ s1) ^ s2) ^ s3);
    }
    for (; i <= end - 8; i += 8) {
      s = fold(s ^ (long) ARRAY_LONG.get(bytes, i));
    }
    for (; i < end; i++) {
      s = updateByte(s, bytes[i]);
    }
    return s;
  }

  static long updateState(long state, ByteBuffer bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.limit());
    int i = offset;
    int end = offset + length;
    long s = state;
    if (length >= SMALLEST_PAGE) {
      Words words = WORDS.get();
      while (end - i >= 64) {
        int count = Math.min(Words.COUNT, (end - i) / 32 * 4);
        words.take(bytes, i, count);
        s = updateState(s, words.taken, count);
        i += count * 8;
      }
    }
    for (; i <= end - 8; i += 8) {
      s = fold(s ^ (long) BUFFER_LONG.get(bytes, i));
    }
    for (; i < end; i++) {
      s = updateByte(s, bytes.get(i));
    }
    return s;
  }

  /** {@code count} is a multiple of four, and not 0. */
  private static long updateState(long state, long[] words, int count) {
    long s0 = state ^ words[0];
    long s1 = words[1];
    long s2 = words[2];
    long s3 = words[3];
    for (int i = 4; i < count; i += 4) {
      s3 ^= carry(s0);
      long n0 = words[i] ^ keep(s0) ^ carry(s1);
      long n1 = words[i + 1] ^ keep(s1) ^ carry(s2);
      long n2 = words[i + 2] ^ keep(s2) ^ carry(s3);
      s3 = words[i + 3] ^ keep(s3);
      s0 = n0;
      s1 = n1;
      s2 = n2;
    }
    return fold(fold(fold(fold(s0) ^ s1) ^ s2) ^ s3);
  }

  /**
   * Bytes of a buffer as words. The first compiler, with which servers run, makes a loop over an
   * array of words twice as fast as one that takes each word out of a buffer of bytes.
   */
  @SuppressWarnings("ReferenceEquality")
  private static final class Words {
    static final int COUNT = 1024;

    private static final int LARGE = 1 << 20;

    final long[] taken = new long[COUNT];

    /**
     * Whose views are kept: mostly one buffer is used again and again, and nothing is allocated.
     */
    private @Nullable ByteBuffer buffer;

    /** By the remainder of the offset divided by eight. */
    private final @Nullable LongBuffer[] views = new LongBuffer[8];

    void take(ByteBuffer bytes, int offset, int count) {
      int remainder = offset & 7;
      LongBuffer view = buffer == bytes ? views[remainder] : null;
      if (view == null) {
        view =
            bytes
                .duplicate()
                .clear()
                .position(remainder)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer();
        keep(bytes, remainder, view);
      }
      view.get(offset >> 3, taken, 0, count);
    }

    private void keep(ByteBuffer bytes, int remainder, LongBuffer view) {
      if (bytes.capacity() > LARGE) {
        return;
      }
      if (buffer != bytes) {
        buffer = bytes;
        Arrays.fill(views, null);
      }
      views[remainder] = view;
    }
  }

  /** The part of s · x^256 that stays in the word four further on. */
  private static long keep(long s) {
    long t = s ^ s >>> 4;
    return t ^ t >>> 12;
  }

  /** The part of s · x^256 that belongs to the word three further on. */
  private static long carry(long s) {
    return s << 60 ^ s << 52 ^ s << 48;
  }

  /**
   * The state that {@code length} bytes, a power of two, lead to from {@code otherStart}, given
   * that they lead from {@code start} to {@code end}.
   */
  static long fromOtherStart(long start, long end, long otherStart, int length) {
    long power = POWERS[3 + Integer.numberOfTrailingZeros(length)];
    return end ^ multiply(start ^ otherStart, power);
  }

  /** {@code crc} · x^(8 · length): what a CRC contributes once {@code length} bytes follow. */
  private static long shift(long crc, long length) {
    long result = crc;
    // The lowest bit of the length is a factor of x^8 = x^(2^3).
    for (int i = 3; length != 0; i++, length >>>= 1) {
      if ((length & 1) != 0) {
        result = multiply(result, POWERS[i]);
      }
    }
    return result;
  }

  /** a · b modulo the polynomial. */
  private static long multiply(long a, long b) {
    long product = 0;
    for (long factor = b; factor != 0; factor <<= 1) {
      product ^= a & factor >> 63;
      a = timesX(a);
    }
    return product;
  }

  private static long timesX(long a) {
    return a >>> 1 ^ (-(a & 1) & 0xD800000000000000L);
  }

  private static long[] powers() {
    long[] powers = new long[3 + 64];
    powers[0] = 1L << 62;
    for (int i = 1; i < powers.length; i++) {
      powers[i] = multiply(powers[i - 1], powers[i - 1]);
    }
    return powers;
  }
}
