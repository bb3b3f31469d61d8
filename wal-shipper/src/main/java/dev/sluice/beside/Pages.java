package dev.sluice.beside;

import dev.sluice.connection.LockedFile;
import dev.sluice.log.Database;
import dev.sluice.log.PageReader;
import dev.sluice.ltx.Checksums;
import dev.sluice.sqlite.DatabaseHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** Reads main files: one page, or all of them to find what differs from the log. */
final class Pages {
  private static final int PIECE_BYTES = 4 << 20;
  private static final int READ_BYTES = 256 << 10;

  private static final ThreadLocal<ByteBuffer> HEAD =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(DatabaseHeader.SIZE));

  private Pages() {}

  /** What a database looks like from outside. */
  record Shape(int pageSize, int pageCount) {}

  /** The header of a main file; empty when that is not (yet) one of a database. */
  static Optional<DatabaseHeader> header(LockedFile main) throws IOException {
    ByteBuffer head = HEAD.get().clear();
    main.read(head, 0);
    return DatabaseHeader.parse(head.flip());
  }

  /** As the header of a main file that no WAL says more of has it, within what is there. */
  static Shape shape(LockedFile main) throws IOException {
    DatabaseHeader header =
        header(main).orElseThrow(() -> new IOException(main.path() + " is not a SQLite database"));
    int inFile = (int) (main.size() / header.pageSize());
    int count = header.pageCount() > 0 ? Math.min(header.pageCount(), inFile) : inFile;
    return new Shape(header.pageSize(), count);
  }

  /** Reads a page; zeros beyond the end. */
  static void readMain(LockedFile main, int pgno, ByteBuffer target) throws IOException {
    readMain(main, pgno, target.remaining(), target);
  }

  /** Reads neighbouring pages; zeros beyond the end. */
  static void readMain(LockedFile main, int first, int pageSize, ByteBuffer target)
      throws IOException {
    main.read(target, (first - 1L) * pageSize);
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  /** The pages of a main file that no WAL says more of. */
  record MainReader(LockedFile main) implements PageReader {
    @Override
    public void read(int pgno, ByteBuffer target) throws IOException {
      readMain(main, pgno, target);
    }

    @Override
    public void readAll(int first, int pageSize, ByteBuffer target) throws IOException {
      readMain(main, first, pageSize, target);
    }
  }

  /**
   * The pages of which the log has not what is in the main file, on all processors, and others that
   * are to be looked at anyway; ascending.
   */
  static int[] differing(Database database, LockedFile main, Shape shape, int[] others)
      throws IOException {
    int pageSize = shape.pageSize();
    int count = Math.min(shape.pageCount(), database.pageCount());
    if (database.pageSize() != pageSize || count == 0) {
      // Then a transaction holds the whole database.
      return new int[0];
    }
    int inPiece = PIECE_BYTES / pageSize;
    try {
      int[] found =
          IntStream.rangeClosed(0, (count - 1) / inPiece)
              .parallel()
              .mapToObj(piece -> piece(database, main, pageSize, piece * inPiece, count))
              .flatMapToInt(Arrays::stream)
              .toArray();
      int size = shape.pageCount();
      return IntStream.concat(Arrays.stream(found), Arrays.stream(others))
          .filter(pgno -> pgno <= size)
          .sorted()
          .distinct()
          .toArray();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static int[] piece(
      Database database, LockedFile main, int pageSize, int before, int count) {
    int last = Math.min(count, before + PIECE_BYTES / pageSize);
    int lockPage = Checksums.lockPage(pageSize);
    ByteBuffer read = ByteBuffer.allocateDirect(Math.max(pageSize, READ_BYTES));
    int[] found = new int[16];
    int size = 0;
    try {
      int atOnce = read.capacity() / pageSize;
      for (int first = before + 1; first <= last; first += atOnce) {
        int pages = Math.min(atOnce, last - first + 1);
        readMain(main, first, pageSize, read.clear().limit(pages * pageSize));
        for (int i = 0; i < pages; i++) {
          read.limit((i + 1) * pageSize).position(i * pageSize);
          if (first + i != lockPage && !database.isUnchanged(first + i, read)) {
            if (size == found.length) {
              found = Arrays.copyOf(found, size * 2);
            }
            found[size++] = first + i;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Arrays.copyOf(found, size);
  }
}
