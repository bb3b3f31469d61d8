package dev.sluice.ltx;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

/**
 * Where the pages of a file are: its entries by ascending page number. Immutable.
 *
 * <p>Takes 12 bytes a page; sizes need no room, because frames lie without gaps.
 */
public final class PageIndex {
  private static final int MIN_ENTRY = 3;

  private final int count;
  private final int[] pgnos;

  /** Where the frames begin, and where the last ends. */
  private final long[] offsets;

  private PageIndex(int count, int[] pgnos, long[] offsets) {
    this.count = count;
    this.pgnos = pgnos;
    this.offsets = offsets;
  }

  /** Number of pages in the file. */
  public int count() {
    return count;
  }

  /** Page number of an entry, from 0. */
  public int pgno(int entry) {
    return pgnos[checked(entry)];
  }

  /** Where the frame of an entry begins, in bytes from the start of the file. */
  public long offset(int entry) {
    return offsets[checked(entry)];
  }

  /** How many bytes the frame of an entry takes. */
  public int size(int entry) {
    return (int) (offsets[checked(entry) + 1] - offsets[entry]);
  }

  /** The entry of a page, or a negative number when the file does not hold it. */
  public int find(int pgno) {
    return Arrays.binarySearch(pgnos, 0, count, pgno);
  }

  private int checked(int entry) {
    if (entry >= count) {
      throw new IndexOutOfBoundsException("entry " + entry + " of " + count);
    }
    return entry;
  }

  /**
   * Reads the entries and the 0 after them: all remaining bytes of {@code bytes}.
   *
   * @param start offset of the index in the file
   * @param framesEnd where the frames must end
   */
  static PageIndex parse(
      ByteBuffer bytes, LtxHeader header, long start, long framesEnd, String name)
      throws CorruptLtxException {
    return new Parser(bytes, header, start, name).parse(framesEnd);
  }

  private static final class Parser {
    private final ByteBuffer bytes;
    private final LtxHeader header;
    private final long start;
    private final String name;
    private final PageOrder order = new PageOrder();

    Parser(ByteBuffer bytes, LtxHeader header, long start, String name) {
      this.bytes = bytes.slice();
      this.header = header;
      this.start = start;
      this.name = name;
      order.start(header);
    }

    PageIndex parse(long framesEnd) throws CorruptLtxException {
      // Bounded by the bytes that are there, whatever the header says.
      int most = Math.min(bytes.remaining() / MIN_ENTRY, header.commit());
      int[] pgnos = new int[most];
      long[] offsets = new long[most + 1];
      int maxSize = PageFrame.maxLength(header.pageSize());
      int count = 0;
      long next = LtxHeader.SIZE;
      while (true) {
        int at = bytes.position();
        long pgno = varint();
        if (pgno == 0) {
          break;
        }
        if (pgno < 0 || pgno > Integer.MAX_VALUE) {
          throw corrupt(
              at,
              "page number %s, supported are 1 to 2,147,483,647 (8 TiB of 4 KiB pages)",
              Long.toUnsignedString(pgno));
        }
        String problem = order.next((int) pgno);
        if (problem != null) {
          throw corrupt(at, "%s", problem);
        }
        long offset = varint();
        long size = varint();
        if (offset != next) {
          throw corrupt(
              at,
              "page %,d is said to be at 0x%x, frames before it end at 0x%x",
              pgno,
              offset,
              next);
        }
        if (size <= PageFrame.HEADER || size > maxSize || size > framesEnd - offset) {
          throw corrupt(at, "page %,d is said to take %s bytes", pgno, Long.toUnsignedString(size));
        }
        pgnos[count] = (int) pgno;
        offsets[count++] = offset;
        next = offset + size;
      }
      checkEnd(next, framesEnd);
      offsets[count] = next;
      return new PageIndex(count, pgnos, offsets);
    }

    private void checkEnd(long next, long framesEnd) throws CorruptLtxException {
      int at = bytes.position() - 1;
      if (bytes.hasRemaining()) {
        throw corrupt(at, "page index ends %,d bytes before its length says", bytes.remaining());
      }
      String problem = order.end();
      if (problem != null) {
        throw corrupt(at, "%s", problem);
      }
      if (next != framesEnd) {
        throw corrupt(at, "frames end at 0x%x by the page index, not at 0x%x", next, framesEnd);
      }
    }

    private long varint() throws CorruptLtxException {
      int at = bytes.position();
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (!bytes.hasRemaining()) {
          throw corrupt(at, "page index ends within an entry");
        }
        byte b = bytes.get();
        value |= (b & 0x7fL) << shift;
        if (b >= 0) {
          if ((b == 0 && shift > 0) || (shift == 63 && b > 1)) {
            break;
          }
          return value;
        }
      }
      throw corrupt(at, "malformed number in the page index");
    }

    private CorruptLtxException corrupt(int at, String format, Object... arguments) {
      return new CorruptLtxException(
          name, start + at, String.format(Locale.ROOT, format, arguments));
    }
  }
}
