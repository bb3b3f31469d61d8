package dev.sluice.ltx;

/**
 * Where in a WAL a transaction was committed: which generation of the WAL, and which bytes of it.
 *
 * @param offset of the header of its first frame, in bytes; 0 when it is not from a WAL
 * @param sizeBytes of all its frames
 * @param salt1 first salt of that WAL
 * @param salt2 second salt of that WAL
 */
public record WalRange(long offset, long sizeBytes, int salt1, int salt2) {
  /** Not from a WAL. */
  public static final WalRange NONE = new WalRange(0, 0, 0, 0);
}
