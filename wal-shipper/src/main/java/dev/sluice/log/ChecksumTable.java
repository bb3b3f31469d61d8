package dev.sluice.log;

import dev.sluice.ltx.Checksums;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The checksum of every page of a database, 8 bytes each, in a mapped file: with it a transaction
 * costs what it changes, not what the database holds. For one thread at a time.
 *
 * <p>The file grows by allocation, never as a hole: a write to a mapped hole on a full disk would
 * kill the JVM instead of failing.
 */
final class ChecksumTable implements Closeable {
  private static final int FIRST_ENTRIES = 512;
  private static final int MAX_STEP = 8 << 20;

  private final Path path;
  private final NativeFile file;
  private LongBuffer entries;

  private ChecksumTable(Path path, NativeFile file, LongBuffer entries) {
    this.path = path;
    this.file = file;
    this.entries = entries;
  }

  static ChecksumTable open(Path path) throws IOException {
    NativeFile file = NativeFile.open(path, Libc.O_RDWR | Libc.O_CREAT);
    try {
      long size = file.size();
      return new ChecksumTable(path, file, map(path, size / Long.BYTES));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static LongBuffer map(Path path, long entries) throws IOException {
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel
          .map(FileChannel.MapMode.READ_WRITE, 0, entries * Long.BYTES)
          .order(ByteOrder.LITTLE_ENDIAN)
          .asLongBuffer();
    }
  }

  /**
   * Makes room for the checksums of pages 1 to {@code pages}; on a full disk fails and changes
   * nothing.
   */
  void ensure(int pages) throws IOException {
    if (pages <= entries.capacity()) {
      return;
    }
    long wanted = FIRST_ENTRIES;
    while (wanted < pages) {
      wanted += Math.min(wanted, MAX_STEP);
    }
    file.allocate(wanted * Long.BYTES);
    entries = map(path, wanted);
  }

  int capacity() {
    return entries.capacity();
  }

  long get(int pgno) {
    return entries.get(pgno - 1);
  }

  void set(int pgno, long checksum) {
    entries.put(pgno - 1, checksum);
  }

  /** The database checksum of pages 1 to {@code pages}. */
  long database(int pages, int lockPage) {
    long xor = 0;
    for (int pgno = 1; pgno <= pages; pgno++) {
      if (pgno != lockPage) {
        xor ^= entries.get(pgno - 1);
      }
    }
    return Checksums.database(xor);
  }

  @Override
  public void close() {
    file.close();
  }
}
