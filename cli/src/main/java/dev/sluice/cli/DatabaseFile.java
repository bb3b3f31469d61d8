package dev.sluice.cli;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.ReadAt;
import dev.sluice.sqlite.RollbackJournal;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A SQLite database that is at rest: all of it is in its main file. While this is open, SQLite's
 * own locks keep writers out, where the journal mode lets them; {@link #checkAtRest} tells
 * afterwards whether one came in a WAL.
 */
final class DatabaseFile implements Closeable {
  private static final int CHUNK_BYTES = 1 << 20;

  private final Path path;
  private final FileChannel channel;
  private final int pageSize;
  private final int pageCount;

  private DatabaseFile(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    ByteBuffer first = ByteBuffer.allocate(LtxHeader.SIZE);
    ((ReadAt) channel::read).readFully(first, 0);
    Optional<DatabaseHeader> header = DatabaseHeader.parse(first.flip());
    if (header.isEmpty()) {
      throw new UserException(path + " is not a SQLite database", whatElse(first));
    }
    pageSize = header.get().pageSize();
    long pages = channel.size() / pageSize;
    long expected = header.get().pageCount() & 0xffffffffL;
    if (expected > pages) {
      throw new UserException(
          String.format("%s ends after %,d of %,d pages", path, pages, expected),
          "it is damaged: restore it, or take another copy");
    }
    pageCount = Math.toIntExact(expected == 0 ? pages : expected);
    checkAtRest();
  }

  /** Opens a database that stays as it is meanwhile, unless somebody writes to a WAL. */
  static DatabaseFile open(Path path) throws IOException {
    return open(path, lock(path, true));
  }

  /** Opens a database that nobody else may use meanwhile. */
  static DatabaseFile openExclusive(Path path) throws IOException {
    return open(path, lockExclusive(path));
  }

  /** Keeps everyone else out of a file, whatever is in it, until the channel is closed. */
  static FileChannel lockExclusive(Path path) throws IOException {
    return lock(path, false);
  }

  private static DatabaseFile open(Path path, FileChannel channel) throws IOException {
    try {
      return new DatabaseFile(path, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** As SQLite does: shared on the shared range, or exclusive on all bytes it locks. */
  private static FileChannel lock(Path path, boolean shared) throws IOException {
    if (Files.isDirectory(path)) {
      throw new UserException(path + " is a directory", "name a database file in it");
    }
    FileChannel channel =
        shared
            ? FileChannel.open(path, StandardOpenOption.READ)
            : FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    long from = shared ? LockBytes.SHARED_FIRST : LockBytes.PENDING;
    long end = LockBytes.SHARED_FIRST + LockBytes.SHARED_SIZE;
    if (channel.tryLock(from, end - from, shared) == null) {
      channel.close();
      throw new UserException(path + " is in use", "stop the programs that have it open first");
    }
    return channel;
  }

  private static String whatElse(ByteBuffer first) {
    if (first.remaining() == 0) {
      return "it is empty: write something to it with SQLite first";
    }
    boolean ltx = first.remaining() >= 4 && first.getInt(0) == 0x4C545831;
    return ltx ? "it is an LTX file: 'sluice ltx list' shows its checksums" : "check the path";
  }

  /**
   * Checks that neither a WAL nor a hot journal holds a part of the database.
   *
   * @throws UserException when one does
   */
  void checkAtRest() throws IOException {
    checkNoJournals(path, pageSize);
  }

  /** As {@link #checkAtRest} for a database that need not exist or make sense. */
  static void checkNoJournals(Path path, int pageSize) throws IOException {
    Path wal = path.resolveSibling(path.getFileName() + "-wal");
    if (Files.exists(wal) && Files.size(wal) > 0) {
      throw new UserException(
          wal + " holds transactions that are not in " + path.getFileName() + " yet",
          "stop the programs that use it, then run: sqlite3 "
              + path
              + " 'PRAGMA wal_checkpoint(TRUNCATE)'");
    }
    Path journal = path.resolveSibling(path.getFileName() + "-journal");
    if (Files.exists(journal) && isHot(journal, pageSize)) {
      throw new UserException(
          journal + " holds a transaction that is under way or was interrupted",
          "stop the programs that use it, then have SQLite roll it back: sqlite3 "
              + path
              + " 'PRAGMA quick_check'");
    }
  }

  private static boolean isHot(Path journal, int pageSize) throws IOException {
    try (FileChannel file = FileChannel.open(journal, StandardOpenOption.READ)) {
      return RollbackJournal.read(file::read, file.size(), pageSize).isPresent();
    }
  }

  int pageSize() {
    return pageSize;
  }

  int pageCount() {
    return pageCount;
  }

  long sizeBytes() {
    return (long) pageSize * pageCount;
  }

  /** When the file was last written, milliseconds since the epoch. */
  long modifiedMillis() throws IOException {
    return Files.getLastModifiedTime(path).toMillis();
  }

  /** Fills {@code pages} with pages from {@code pgno} on. Safe for use by many threads. */
  void read(int pgno, ByteBuffer pages) throws IOException {
    readFully(channel, (pgno - 1L) * pageSize, pages);
  }

  /** Writes the database to the beginning of {@code target}. */
  void copyTo(FileChannel target) throws IOException {
    target.position(0);
    for (long done = 0; done < sizeBytes(); ) {
      done += channel.transferTo(done, sizeBytes() - done, target);
    }
  }

  /** The database checksum. */
  long checksum() throws IOException {
    return checksum(channel, pageSize, pageCount);
  }

  /** The checksum of a database in {@code file}. */
  static long checksum(FileChannel file, int pageSize, int pageCount) throws IOException {
    int lockPage = Checksums.lockPage(pageSize);
    int pagesAtOnce = CHUNK_BYTES / pageSize;
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    long xor = 0;
    for (int pgno = 1; pgno <= pageCount; ) {
      int pages = Math.min(pagesAtOnce, pageCount - pgno + 1);
      readFully(file, (pgno - 1L) * pageSize, chunk.clear().limit(pages * pageSize));
      for (int i = 0; i < pages; i++, pgno++) {
        if (pgno != lockPage) {
          xor ^= Checksums.page(pgno, chunk.slice(i * pageSize, pageSize));
        }
      }
    }
    return Checksums.database(xor);
  }

  private static void readFully(FileChannel file, long offset, ByteBuffer target)
      throws IOException {
    ((ReadAt) file::read).readFully(target, offset);
    if (target.hasRemaining()) {
      throw new EOFException("the database became shorter while it was read");
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
