package dev.sluice.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The first 100 bytes of a database (<a href="https://sqlite.org/fileformat2.html">fileformat2</a>,
 * 1.3), as far as replication cares.
 *
 * @param pageSize bytes, 512 to 65,536
 * @param writeVersion 1 for rollback journals, 2 for WAL
 * @param readVersion 1 for rollback journals, 2 for WAL
 * @param reservedBytes unused bytes at the end of each page
 * @param changeCounter grows with every transaction of a rollback mode
 * @param storedPageCount the size in pages as written; trust {@link #pageCount}
 * @param versionValidFor the change counter for which {@code storedPageCount} holds
 */
public record DatabaseHeader(
    int pageSize,
    int writeVersion,
    int readVersion,
    int reservedBytes,
    int changeCounter,
    int storedPageCount,
    int versionValidFor) {
  public static final int SIZE = 100;

  private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
  private static final int WAL_VERSION = 2;
  private static final int COUNTER_OFFSET = 24;
  private static final int VALID_FOR_OFFSET = 92;

  public DatabaseHeader {
    if (!PageSize.isValid(pageSize)) {
      throw new IllegalArgumentException("page size " + pageSize);
    }
  }

  /** True when the buffer's remaining bytes begin with the magic of a SQLite database. */
  public static boolean hasMagic(ByteBuffer page1) {
    if (page1.remaining() < MAGIC.length) {
      return false;
    }
    for (int i = 0; i < MAGIC.length; i++) {
      if (page1.get(page1.position() + i) != MAGIC[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads the header at the buffer's position, which does not move.
   *
   * @return empty when these are not the first 100 bytes of a database
   */
  public static Optional<DatabaseHeader> parse(ByteBuffer page1) {
    if (page1.remaining() < SIZE || !hasMagic(page1)) {
      return Optional.empty();
    }
    ByteBuffer in = page1.slice().order(ByteOrder.BIG_ENDIAN);
    int pageSize = PageSize.fromShort(in.getShort(16) & 0xffff);
    if (!PageSize.isValid(pageSize)) {
      return Optional.empty();
    }
    return Optional.of(
        new DatabaseHeader(
            pageSize,
            in.get(18) & 0xff,
            in.get(19) & 0xff,
            in.get(20) & 0xff,
            in.getInt(COUNTER_OFFSET),
            in.getInt(28),
            in.getInt(VALID_FOR_OFFSET)));
  }

  /** Writes bytes at an offset of a file. */
  @FunctionalInterface
  public interface Writer {
    void write(ByteBuffer source, long offset) throws IOException;
  }

  /**
   * Puts another change counter into the file of a database, of which all else stays as it is.
   *
   * @param header as the file has it
   */
  public static void writeChangeCounter(Writer file, DatabaseHeader header, int counter)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(Integer.BYTES).putInt(0, counter);
    file.write(bytes, COUNTER_OFFSET);
    if (header.versionValidFor == header.changeCounter) {
      file.write(bytes.clear(), VALID_FOR_OFFSET);
    }
  }

  /** True when connections that open the database use a WAL. */
  public boolean isWal() {
    return readVersion == WAL_VERSION;
  }

  /**
   * The size of the database in pages, as its header has it, or 0 when the header does not know: it
   * was last written by a SQLite before 3.7.0.
   */
  public int pageCount() {
    return versionValidFor == changeCounter ? storedPageCount : 0;
  }
}
