package dev.sluice.store;

/** Bytes of an object from {@code offset} on, {@code length} of them or up to its end. */
public record ByteRange(long offset, long length) {
  public static final ByteRange ALL = new ByteRange(0, Long.MAX_VALUE);

  public ByteRange {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("byte range from " + offset + ", length " + length);
    }
  }

  /** From an offset to the end. */
  public static ByteRange from(long offset) {
    return new ByteRange(offset, Long.MAX_VALUE);
  }

  /** How many bytes of an object of this size the range holds. */
  public long lengthWithin(long sizeBytes) {
    return Math.max(0, Math.min(length, sizeBytes - offset));
  }
}
