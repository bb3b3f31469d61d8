package dev.sluice.apply;

import dev.sluice.connection.LockedFile;
import dev.sluice.connection.NativeBuffer;
import dev.sluice.sqlite.PageSize;
import dev.sluice.sqlite.RollbackJournal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;

/**
 * A database with a rollback journal, written as SQLite writes one.
 *
 * <pre>
 * EXCLUSIVE → for each batch: originals to the journal (fsync), pages to the database
 *           → truncate (fsync) → delete the journal: committed
 * </pre>
 *
 * A kill before the last step leaves a hot journal, which the next connection, or this class, rolls
 * back. Holds no state but the locks of the main file, which the caller takes.
 */
final class RollbackMode {
  private static final int SECTOR = 512;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final LockedFile main;
  private final ReplicaOptions options;
  private final Path journalPath;

  RollbackMode(LockedFile main, ReplicaOptions options) {
    this.main = main;
    this.options = options;
    this.journalPath = main.path().resolveSibling(main.path().getFileName() + "-journal");
  }

  /**
   * Writes one transaction, under EXCLUSIVE. On an exception the database is as it was before.
   *
   * @param oldPageSize bytes a page of the database as it is; any when it is empty
   */
  void apply(TransactionPages pages, int oldPageSize) throws IOException {
    NativeBuffer buffer = NativeBuffer.borrow();
    try (Journal journal = new Journal(oldPageSize)) {
      write(pages, journal, buffer);
      deleteJournal();
    } catch (IOException | RuntimeException e) {
      try {
        rollBack(oldPageSize);
      } catch (IOException | RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    } finally {
      buffer.giveBack();
    }
  }

  private void write(TransactionPages pages, Journal journal, NativeBuffer buffer)
      throws IOException {
    int pageSize = pages.pageSize();
    long newSize = (long) pages.commit() * pageSize;
    boolean sameSize = pageSize == journal.pageSize;
    if (!sameSize) {
      journal.addRange(1, journal.pageCount);
      journal.finishSegment();
      main.truncate(0);
    }
    int[] batch = new int[NativeBuffer.IO_BYTES / pageSize];
    boolean more = pages.next();
    while (more) {
      int count = 0;
      while (more && count < batch.length) {
        ByteBuffer page = pages.page();
        buffer.bytes().put(count * pageSize, page, page.position(), pageSize);
        batch[count++] = pages.pgno();
        more = pages.next();
      }
      if (sameSize) {
        for (int i = 0; i < count; i++) {
          journal.addRange(batch[i], batch[i]);
        }
        journal.finishSegment();
      }
      writeRuns(batch, count, pageSize, buffer);
    }
    if (sameSize && main.size() > newSize) {
      journal.addRange(pages.commit() + 1, journal.pageCount);
      journal.finishSegment();
    }
    if (main.size() != newSize) {
      main.truncate(newSize);
    }
    if (options.sync()) {
      main.sync();
    }
  }

  /** Writes pages that lie one after the other in one go. */
  private void writeRuns(int[] pgnos, int count, int pageSize, NativeBuffer buffer)
      throws IOException {
    for (int from = 0; from < count; ) {
      int to = from + 1;
      while (to < count && pgnos[to] == pgnos[to - 1] + 1) {
        to++;
      }
      long offset = (long) (pgnos[from] - 1) * pageSize;
      main.write(buffer, from * pageSize, (to - from) * pageSize, offset);
      from = to;
    }
  }

  /** True when a journal lies there that is not zeroed: of a writer at work, or hot. */
  boolean hasJournal() throws IOException {
    Optional<LockedFile> found = LockedFile.openExisting(journalPath);
    if (found.isEmpty()) {
      return false;
    }
    NativeBuffer buffer = NativeBuffer.borrow();
    try (LockedFile file = found.get()) {
      return file.read(buffer, 0, 1, 0) == 1 && buffer.bytes().get(0) != 0;
    } finally {
      buffer.giveBack();
    }
  }

  /** Undoes what a journal has the originals of, under EXCLUSIVE, and deletes it. */
  void rollBack(int pageSize) throws IOException {
    Optional<LockedFile> found = LockedFile.openExisting(journalPath);
    if (found.isEmpty()) {
      return;
    }
    try (LockedFile file = found.get()) {
      Optional<RollbackJournal> journal =
          RollbackJournal.read(file.reader(), file.size(), pageSize);
      if (journal.isPresent() && isUncommitted(journal.get())) {
        writeBack(journal.get(), file);
      }
    }
    deleteJournal();
  }

  private static boolean isUncommitted(RollbackJournal journal) {
    return journal.superJournal().map(name -> Files.exists(Path.of(name))).orElse(true);
  }

  private void writeBack(RollbackJournal journal, LockedFile file) throws IOException {
    int pageSize = journal.header().pageSize();
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      main.truncate((long) journal.header().pageCount() * pageSize);
      for (int i = 0; i < journal.size(); i++) {
        file.read(buffer, 0, pageSize, journal.offset(i));
        main.write(buffer, 0, pageSize, (long) (journal.pgno(i) - 1) * pageSize);
      }
    } finally {
      buffer.giveBack();
    }
    if (options.sync()) {
      main.sync();
    }
  }

  /** Deletes the journal, which commits. */
  void deleteJournal() throws IOException {
    Files.deleteIfExists(journalPath);
    if (options.sync()) {
      syncDirectory();
    }
  }

  private void syncDirectory() throws IOException {
    Path directory = main.path().toAbsolutePath().getParent();
    if (directory != null) {
      try (FileChannel channel = FileChannel.open(directory)) {
        channel.force(true);
      }
    }
  }

  /** The originals of the pages that one transaction overwrites. */
  private final class Journal implements AutoCloseable {
    final int pageSize;
    final int pageCount;
    private final LockedFile file;
    private final NativeBuffer buffer = NativeBuffer.borrow();
    private final int nonce = RANDOM.nextInt();
    private long segment;
    private long end = SECTOR;
    private int filled;
    private int records;

    Journal(int pageSize) throws IOException {
      this.pageSize = pageSize;
      this.pageCount = (int) ((main.size() + pageSize - 1) / pageSize);
      this.file = LockedFile.openBeside(main.path(), "-journal");
      try {
        // A new file stays untouched: ext4 flushes one that was truncated when it is closed.
        if (file.size() > 0) {
          file.truncate(0);
        }
        // Even a database that was empty must be found as one that a transaction was writing to.
        writeHeader(0);
      } catch (IOException | RuntimeException e) {
        close();
        throw e;
      }
    }

    /** Writes the header of the segment, and leaves the buffer, which must be flushed, empty. */
    private void writeHeader(int count) throws IOException {
      new RollbackJournal.Header(count, nonce, pageCount, SECTOR, pageSize)
          .writeTo(buffer.bytes().clear());
      buffer.bytes().clear();
      file.write(buffer, 0, SECTOR, segment);
    }

    /** Adds the originals of those pages of a range that the database has. */
    void addRange(int from, int to) throws IOException {
      int lockPage = PageSize.lockPage(pageSize);
      for (int pgno = from; pgno <= Math.min(to, pageCount); pgno++) {
        if (pgno != lockPage) {
          add(pgno);
        }
      }
    }

    private void add(int pgno) throws IOException {
      int size = RollbackJournal.recordSize(pageSize);
      if (filled + size > NativeBuffer.IO_BYTES) {
        flush();
      }
      ByteBuffer bytes = buffer.bytes();
      bytes.putInt(filled, pgno);
      int read = main.read(buffer, filled + 4, pageSize, (long) (pgno - 1) * pageSize);
      for (int i = read; i < pageSize; i++) {
        bytes.put(filled + 4 + i, (byte) 0);
      }
      int sum = RollbackJournal.checksum(nonce, bytes, filled + 4, pageSize);
      bytes.putInt(filled + 4 + pageSize, sum);
      filled += size;
      records++;
    }

    private void flush() throws IOException {
      file.write(buffer, 0, filled, end);
      end += filled;
      filled = 0;
    }

    /**
     * Makes the records added since the last call count. Only after that may their pages be
     * overwritten.
     */
    void finishSegment() throws IOException {
      boolean isFirst = segment == 0;
      if (records == 0 && !isFirst) {
        return;
      }
      flush();
      if (options.sync()) {
        file.sync();
      }
      writeHeader(records);
      if (options.sync()) {
        file.sync();
        if (isFirst) {
          syncDirectory();
        }
      }
      segment = (end + SECTOR - 1) / SECTOR * SECTOR;
      end = segment + SECTOR;
      records = 0;
    }

    @Override
    public void close() {
      buffer.giveBack();
      file.close();
    }
  }
}
