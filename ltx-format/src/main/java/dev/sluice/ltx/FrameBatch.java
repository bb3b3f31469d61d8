package dev.sluice.ltx;

import java.nio.ByteBuffer;

/** Neighbouring page frames of a file being written, and what their place in it needs. */
final class FrameBatch {
  private final int pageSize;
  private final ByteBuffer bytes;
  private final int[] pgnos;
  private final int[] sizes;
  private final Crc64 crc = new Crc64();
  private long crcLength;
  private int count;

  FrameBatch(int pageSize, int pages) {
    this.pageSize = pageSize;
    bytes = ByteBuffer.allocateDirect(pages * PageFrame.maxLength(pageSize));
    pgnos = new int[pages];
    sizes = new int[pages];
  }

  void clear() {
    bytes.clear();
    crc.reset();
    crcLength = 0;
    count = 0;
  }

  /** Compresses the page at index {@code at} of {@code pages}; returns the page's checksum. */
  long compress(int pgno, ByteBuffer pages, int at) {
    int start = bytes.position();
    int length = Lz4.compress(pages, at, pageSize, bytes, start + PageFrame.SIZED_HEADER);
    bytes.putInt(pgno).putShort((short) PageFrame.SIZED).putInt(length);
    long before = Crc64.updateState(Crc64.INITIAL_STATE, bytes, start, PageFrame.SIZED_HEADER);
    long after = Crc64.updateState(before, pages, at, pageSize);
    crc.append(~after, PageFrame.SIZED_HEADER + pageSize);
    crcLength += PageFrame.SIZED_HEADER + pageSize;
    bytes.position(start + PageFrame.SIZED_HEADER + length);
    added(pgno, bytes.position() - start);
    return Checksums.page(pgno, pageSize, before, after);
  }

  /**
   * Adds a frame as it stands at index {@code at} of {@code source}; its CRC comes by {@link
   * #covered}.
   */
  void copy(int pgno, ByteBuffer source, int at, int size) {
    bytes.put(bytes.position(), source, at, size);
    bytes.position(bytes.position() + size);
    added(pgno, size);
  }

  /** Counts frames that were copied, by the CRC of {@code length} bytes of them uncompressed. */
  void covered(long framesCrc, long length) {
    crc.append(framesCrc, length);
    crcLength += length;
  }

  private void added(int pgno, int size) {
    pgnos[count] = pgno;
    sizes[count++] = size;
  }

  /** The frames; the caller may move the position. */
  ByteBuffer flip() {
    return bytes.flip();
  }

  int count() {
    return count;
  }

  int pgno(int i) {
    return pgnos[i];
  }

  int size(int i) {
    return sizes[i];
  }

  /** CRC of the frames with their pages uncompressed. */
  long crc() {
    return crc.value();
  }

  /** How many bytes {@link #crc} covers. */
  long crcLength() {
    return crcLength;
  }
}
