package dev.sluice.sqlite;

/**
 * The bytes that SQLite's connections lock with fcntl: where, not how.
 *
 * <p>In the main file (<a href="https://sqlite.org/lockingv3.html">lockingv3</a>):
 *
 * <pre>
 * SHARED     read lock on PENDING, read lock on the SHARED range, PENDING released
 * RESERVED   write lock on RESERVED, while holding SHARED
 * EXCLUSIVE  write lock on PENDING (keeps new readers out), then on the SHARED range
 * </pre>
 *
 * In the -shm file (<a href="https://sqlite.org/walformat.html">walformat</a>) one byte each for
 * the writer, the checkpointer, recovery, five readers' marks, and DMS, which every connection
 * holds shared while it is open.
 */
public final class LockBytes {
  public static final long PENDING = 0x40000000L;
  public static final long RESERVED = PENDING + 1;
  public static final long SHARED_FIRST = PENDING + 2;
  public static final long SHARED_SIZE = 510;

  public static final long WAL_WRITE = 120;
  public static final long WAL_CHECKPOINT = 121;
  public static final long WAL_RECOVER = 122;
  public static final long WAL_READ_0 = 123;
  public static final int WAL_READ_COUNT = 5;
  public static final long WAL_DMS = 128;

  private LockBytes() {}
}
