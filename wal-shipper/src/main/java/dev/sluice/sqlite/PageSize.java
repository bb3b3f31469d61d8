package dev.sluice.sqlite;

/** The sizes a page of a SQLite database can have. */
public final class PageSize {
  public static final int MIN = 512;
  public static final int MAX = 65_536;

  private PageSize() {}

  /** True for a power of two from 512 to 65,536. */
  public static boolean isValid(int pageSize) {
    return pageSize >= MIN && pageSize <= MAX && Integer.bitCount(pageSize) == 1;
  }

  /**
   * The page that holds the bytes SQLite locks, at 1 GiB: never used, never written, never
   * journaled.
   */
  public static int lockPage(int pageSize) {
    return (int) (LockBytes.PENDING / pageSize) + 1;
  }

  /** A page size in 16 bits: 65,536 is written as 1. */
  static int fromShort(int value) {
    return value == 1 ? MAX : value;
  }

  static short toShort(int pageSize) {
    return (short) (pageSize == MAX ? 1 : pageSize);
  }
}
