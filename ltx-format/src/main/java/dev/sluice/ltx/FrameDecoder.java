package dev.sluice.ltx;

import java.nio.ByteBuffer;
import java.util.Locale;
import net.jpountz.lz4.LZ4Exception;

/** Takes page frames apart, trusting nothing in them. Stateless but for what it says in errors. */
final class FrameDecoder {
  private final String name;
  private final int pageSize;

  FrameDecoder(String name, int pageSize) {
    this.name = name;
    this.pageSize = pageSize;
  }

  /**
   * Decompresses the frame of {@code size} bytes at index {@code at} of {@code bytes}, which must
   * hold it and be big-endian, to index {@code to} of {@code target}.
   *
   * @param offset of the frame in the file
   * @param pgno what the page number must be
   * @return how many bytes at {@code at} the file checksum covers as they are, before the page
   */
  int decode(ByteBuffer bytes, int at, int size, long offset, int pgno, ByteBuffer target, int to)
      throws CorruptLtxException {
    if (bytes.getInt(at) != pgno) {
      throw corrupt(
          offset,
          "page %,d stands where the page index has page %,d",
          bytes.getInt(at) & 0xffffffffL,
          pgno);
    }
    int flags = flags(bytes, at, offset, pgno);
    int prefix = flags == PageFrame.SIZED ? PageFrame.SIZED_HEADER : PageFrame.HEADER;
    int given =
        flags == PageFrame.SIZED
            ? block(bytes, at, size, offset, pgno, target, to)
            : frame(bytes, at, size, offset, pgno, target, to);
    if (given != pageSize) {
      throw corrupt(
          offset + prefix,
          "page %,d decompresses to %,d bytes, page size is %,d",
          pgno,
          given,
          pageSize);
    }
    return prefix;
  }

  /** The flags of the frame at {@code at}, checked. */
  int flags(ByteBuffer bytes, int at, long offset, int pgno) throws CorruptLtxException {
    int flags = bytes.getShort(at + 4);
    if ((flags & ~PageFrame.SIZED) != 0) {
      if (offset == LtxHeader.SIZE && pgno == Lz4Frame.MAGIC) {
        throw new CorruptLtxException(name, offset, LtxHeader.V1_MESSAGE);
      }
      throw corrupt(
          offset + 4,
          "page %,d has flags 0x%04x, only bit 0 (size follows) exists",
          pgno,
          flags & 0xffff);
    }
    return flags;
  }

  /** The length of the block of a frame with {@link PageFrame#SIZED}, checked. */
  int blockLength(ByteBuffer bytes, int at, long offset, int pgno) throws CorruptLtxException {
    int length = bytes.getInt(at + PageFrame.HEADER);
    int max = Lz4.maxCompressedLength(pageSize);
    if (length < 1 || length > max) {
      throw corrupt(
          offset + PageFrame.HEADER,
          "page %,d has a block of %,d bytes, possible are 1 to %,d",
          pgno,
          length & 0xffffffffL,
          max);
    }
    return length;
  }

  private int block(
      ByteBuffer bytes, int at, int size, long offset, int pgno, ByteBuffer target, int to)
      throws CorruptLtxException {
    if (size < PageFrame.SIZED_HEADER) {
      throw corrupt(offset, "page %,d takes %,d bytes, too few for a frame", pgno, size);
    }
    int length = blockLength(bytes, at, offset, pgno);
    if (length != size - PageFrame.SIZED_HEADER) {
      throw corrupt(
          offset + PageFrame.HEADER,
          "page %,d has a block of %,d bytes, the page index leaves %,d",
          pgno,
          length,
          size - PageFrame.SIZED_HEADER);
    }
    try {
      return Lz4.decompress(bytes, at + PageFrame.SIZED_HEADER, length, target, to, pageSize);
    } catch (LZ4Exception e) {
      throw corrupt(
          offset + PageFrame.SIZED_HEADER,
          "page %,d is no LZ4 block of at most %,d bytes",
          pgno,
          pageSize);
    }
  }

  private int frame(
      ByteBuffer bytes, int at, int size, long offset, int pgno, ByteBuffer target, int to)
      throws CorruptLtxException {
    try {
      return Lz4Frame.decompress(
          bytes, at + PageFrame.HEADER, size - PageFrame.HEADER, target, to, pageSize);
    } catch (Lz4Frame.Malformed e) {
      throw malformed(offset, pgno, e);
    }
  }

  CorruptLtxException malformed(long offset, int pgno, Lz4Frame.Malformed e) {
    return corrupt(offset + PageFrame.HEADER + e.at, "page %,d: %s", pgno, e.what);
  }

  private CorruptLtxException corrupt(long offset, String format, Object... arguments) {
    return new CorruptLtxException(name, offset, String.format(Locale.ROOT, format, arguments));
  }
}
