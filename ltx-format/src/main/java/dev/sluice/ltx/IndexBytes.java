package dev.sluice.ltx;

import java.util.Arrays;
import java.util.Locale;

/**
 * A page index as it stands in a file, built entry by entry: uvarint page number, uvarint offset,
 * uvarint size; at the end a uvarint 0 and the length of all that. One thread at a time.
 */
final class IndexBytes {
  /** The length of the index, after its last entry and the 0. */
  static final int LENGTH_SIZE = 8;

  private static final int MAX_ENTRY = 5 + 10 + 5;
  private static final int KEPT_BYTES = 1 << 20;

  private byte[] bytes = new byte[256];
  private int length;

  void clear() {
    length = 0;
    if (bytes.length > KEPT_BYTES) {
      bytes = new byte[256];
    }
  }

  void add(int pgno, long offset, int size) {
    ensure(MAX_ENTRY);
    putVarint(pgno);
    putVarint(offset);
    putVarint(size);
  }

  /** Ends the index. {@link #length} then covers the length field, too. */
  void end() {
    ensure(1 + LENGTH_SIZE);
    bytes[length++] = 0;
    long total = length;
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (total >>> shift);
    }
  }

  byte[] array() {
    return bytes;
  }

  int length() {
    return length;
  }

  /** What stands at byte {@code at}, for a message that something else was found there. */
  String describe(int at) {
    int[] cursor = {0};
    int end = length - LENGTH_SIZE - 1;
    if (at == end) {
      return "page index does not end after the last page";
    }
    if (at > end) {
      return "length of the page index is not " + String.format(Locale.ROOT, "%,d", end + 1);
    }
    while (true) {
      long pgno = varint(cursor);
      long offset = varint(cursor);
      long size = varint(cursor);
      if (at < cursor[0]) {
        return String.format(
            Locale.ROOT,
            "page index does not say that page %,d is at 0x%x and takes %,d bytes",
            pgno,
            offset,
            size);
      }
    }
  }

  private long varint(int[] cursor) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = bytes[cursor[0]++];
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private void putVarint(long value) {
    while (value > 0x7f) {
      bytes[length++] = (byte) (value | 0x80);
      value >>>= 7;
    }
    bytes[length++] = (byte) value;
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      if (bytes.length > Integer.MAX_VALUE - 16 - more) {
        throw new IllegalStateException("page index exceeds 2 GiB, the limit of one file");
      }
      int doubled = (int) Math.min(bytes.length * 2L, Integer.MAX_VALUE - 16);
      bytes = Arrays.copyOf(bytes, doubled);
    }
  }
}
