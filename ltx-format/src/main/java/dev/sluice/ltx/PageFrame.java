package dev.sluice.ltx;

/**
 * A page in a file: number, flags, and with {@link #SIZED} the length of the block that follows.
 */
final class PageFrame {
  /** Page number and flags, in bytes. A header of zeros ends the pages. */
  static final int HEADER = 6;

  /** Page number, flags and the length of the block, in bytes. */
  static final int SIZED_HEADER = HEADER + 4;

  /** The flag of a frame with a length and an LZ4 block; without it an LZ4 frame follows. */
  static final int SIZED = 1;

  private PageFrame() {}

  /** The most bytes a page can take, with its header. */
  static int maxLength(int pageSize) {
    return Math.max(SIZED_HEADER, HEADER + Lz4Frame.OVERHEAD) + Lz4.maxCompressedLength(pageSize);
  }
}
