package dev.sluice.capture;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.log.PageReader;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.RollbackJournal;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Brings the log of a database to what SQLite would see in its files: after a kill, a loss of
 * power, or changes made while Sluice was off. Reads all of the database.
 *
 * <pre>
 *   the files are in the state that the log ends with     ─► nothing
 *   the WAL has an earlier state that the log ends with   ─► what follows there is cut, commit by commit
 *   the files are in an older state, or an unknown one    ─► the difference is cut as one transaction
 * </pre>
 *
 * <p>In the second case the log has lost what the application had made durable. The transactions
 * get the numbers and checksums they had before, so followers that have them go on.
 */
final class Recovery {
  /** Cuts a transaction, as {@link Database#commit} does. */
  @FunctionalInterface
  interface Cut {
    void cut(int pageSize, int commit, int[] pages, int count, PageReader reader, WalRange wal)
        throws IOException;
  }

  private final NativeFile main;
  private final @Nullable Database known;

  /** What the log ends with; null without a log. */
  private final @Nullable LogEntry last;

  private final Cut cut;

  Recovery(NativeFile main, @Nullable Database known, Cut cut) {
    this.main = main;
    this.known = known;
    this.last = known == null ? null : known.log().last();
    this.cut = cut;
  }

  /**
   * Recovers from a WAL.
   *
   * @return false when it has no commit, and nothing was done
   */
  boolean fromWal(NativeFile wal) throws IOException {
    WalReader reader = WalReader.open(wal::read).orElse(null);
    if (reader == null) {
      return false;
    }
    WalViews views = WalViews.read(main, wal, reader);
    int newest = views.newest();
    if (newest == 0) {
      return false;
    }
    int pageSize = views.pageSize();
    WalViews.Reader pages = views.reader();
    int state =
        last != null && last.header().pageSize() == pageSize
            ? views.find(last.header().commit(), last.postApplyChecksum())
            : -1;
    if (state < 0 || known == null || last == null) {
      difference(
          pageSize,
          views.size(newest),
          views.checksum(newest),
          pages.at(newest),
          views.range(newest));
      return true;
    }
    if (!known.isConsistent()) {
      known.rebuild(last, pages.at(state));
    }
    while (state < newest) {
      int[] changed = views.changed(++state);
      cut.cut(
          pageSize,
          views.size(state),
          changed,
          changed.length,
          pages.at(state),
          views.range(state));
    }
    return true;
  }

  /** Recovers from a hot journal. */
  void fromJournal(RollbackJournal journal, NativeFile file) throws IOException {
    int pageSize = journal.header().pageSize();
    int commit = journal.header().pageCount();
    long[] originals = new long[commit + 1];
    for (int i = 0; i < journal.size(); i++) {
      originals[journal.pgno(i)] = journal.offset(i);
    }
    PageReader main = mainPages();
    PageReader rolledBack =
        (pgno, target) -> {
          if (originals[pgno] > 0) {
            file.readFully(target, originals[pgno]);
          } else {
            main.read(pgno, target);
          }
        };
    // A transaction is cut before its journal is gone, so the log may be ahead by this one.
    DatabaseHeader header = readHeader(this.main);
    if (known != null && last != null && !known.isConsistent() && header != null) {
      int pages = pageCount(header, this.main);
      if (isLast(header.pageSize(), pages, checksum(header.pageSize(), pages, main))) {
        known.rebuild(last, main);
      }
    }
    difference(pageSize, commit, checksum(pageSize, commit, rolledBack), rolledBack, WalRange.NONE);
  }

  /** Recovers a database that has neither. */
  void fromMain(DatabaseHeader header) throws IOException {
    int pageSize = header.pageSize();
    int commit = pageCount(header, main);
    long checksum =
        last == null ? 0 : Checksums.database(new MainChecksum(main, pageSize).xor(1, commit));
    difference(pageSize, commit, checksum, mainPages(), WalRange.NONE);
  }

  private boolean isLast(int pageSize, int commit, long checksum) {
    return last != null
        && last.postApplyChecksum() == checksum
        && last.header().commit() == commit
        && last.header().pageSize() == pageSize;
  }

  private void difference(int pageSize, int commit, long checksum, PageReader reader, WalRange wal)
      throws IOException {
    if (known != null && !known.isConsistent()) {
      LogEntry at = known.log().find(pageSize, commit, checksum);
      if (at != null) {
        known.rebuild(at, reader);
      }
    }
    if (!isLast(pageSize, commit, checksum)) {
      cut.cut(pageSize, commit, IntStream.rangeClosed(1, commit).toArray(), commit, reader, wal);
    }
  }

  /** The checksum of a state; 0 where there is no log to compare it with. */
  private long checksum(int pageSize, int commit, PageReader reader) throws IOException {
    if (last == null) {
      return 0;
    }
    ByteBuffer page = ByteBuffer.allocateDirect(pageSize);
    int lockPage = Checksums.lockPage(pageSize);
    long xor = 0;
    for (int pgno = 1; pgno <= commit; pgno++) {
      if (pgno != lockPage) {
        reader.read(pgno, page.clear());
        xor ^= Checksums.page(pgno, page.flip());
      }
    }
    return Checksums.database(xor);
  }

  private PageReader mainPages() {
    return (pgno, target) -> readPage(main, pgno, target);
  }

  /** The header of a main file; null when that is not (yet) one of a database. */
  static @Nullable DatabaseHeader readHeader(NativeFile main) throws IOException {
    ByteBuffer head = ByteBuffer.allocateDirect(DatabaseHeader.SIZE);
    main.read(head, 0);
    return DatabaseHeader.parse(head.flip()).orElse(null);
  }

  /** Reads a page of a main file; zeros beyond its end. */
  static void readPage(NativeFile main, int pgno, ByteBuffer target) throws IOException {
    main.read(target, (long) (pgno - 1) * target.remaining());
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  /**
   * Pages of a database without a WAL. SQLite shortens the file only after the journal's end, so
   * the header knows better; but a header can also be too old to know, or promise what is not
   * there.
   */
  static int pageCount(DatabaseHeader header, NativeFile main) throws IOException {
    // A page of which the file has only a part is one, too: SQLite's backup leaves such files.
    int inFile = (int) ((main.size() + header.pageSize() - 1) / header.pageSize());
    return header.pageCount() > 0 ? Math.min(header.pageCount(), inFile) : inFile;
  }
}
