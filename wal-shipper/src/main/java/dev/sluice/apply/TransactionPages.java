package dev.sluice.apply;

import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.PageSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The pages of one transaction, checked: ascending, within the database, of the right size. Pages
 * that the database grows by and nobody delivers come as zeros, as older content may lie where they
 * belong. Looks at page 1 on the way, for the journal mode it asks for.
 */
final class TransactionPages implements PageSource {
  private final Path database;
  private final PageSource source;
  private final int commit;
  private final int pageSize;
  private final int lockPage;

  /** Pages up to this one keep their content when they are not delivered. */
  private final int kept;

  private Optional<DatabaseHeader> header = Optional.empty();
  private ByteBuffer zeros = ByteBuffer.allocate(0);
  private int pgno;
  private int delivered;
  private boolean isZero;
  private boolean ended;

  TransactionPages(Path database, PageSource source, int commit, int pageSize, int kept) {
    if (!PageSize.isValid(pageSize) || commit < 1) {
      throw new IllegalArgumentException("page size " + pageSize + ", " + commit + " pages");
    }
    this.database = database;
    this.source = source;
    this.commit = commit;
    this.pageSize = pageSize;
    this.lockPage = PageSize.lockPage(pageSize);
    this.kept = kept;
  }

  @Override
  public boolean next() throws IOException {
    if (delivered == pgno && !ended) {
      advance();
    }
    int zero = Math.max(pgno, kept) + 1;
    zero += zero == lockPage ? 1 : 0;
    isZero = zero < (ended ? commit + 1 : delivered);
    if (isZero) {
      if (zero == 1) {
        throw new IOException(database + ": page 1 of the whole content is missing");
      }
      pgno = zero;
      return true;
    }
    pgno = delivered;
    return !ended;
  }

  private void advance() throws IOException {
    do {
      ended = !source.next();
      if (ended) {
        return;
      }
      int next = source.pgno();
      if (next <= delivered || next > commit || source.page().remaining() != pageSize) {
        throw new IOException(
            String.format(
                "%s: page %d of %d bytes cannot follow page %d in a transaction that leaves %d"
                    + " pages of %d bytes",
                database, next, source.page().remaining(), delivered, commit, pageSize));
      }
      delivered = next;
      if (next == 1) {
        header = DatabaseHeader.parse(source.page());
        if (header.isEmpty()) {
          throw new IOException(database + ": page 1 is not that of a SQLite database");
        }
        if (header.get().pageSize() != pageSize) {
          throw new IOException(
              String.format(
                  "%s: page 1 says %d bytes a page, the transaction %d",
                  database, header.get().pageSize(), pageSize));
        }
      }
    } while (delivered == lockPage);
  }

  @Override
  public int pgno() {
    return pgno;
  }

  @Override
  public ByteBuffer page() {
    if (!isZero) {
      return source.page();
    }
    if (zeros.capacity() != pageSize) {
      zeros = ByteBuffer.allocate(pageSize);
    }
    return zeros.clear();
  }

  int commit() {
    return commit;
  }

  int pageSize() {
    return pageSize;
  }

  /** The header on page 1, once that was delivered. */
  Optional<DatabaseHeader> header() {
    return header;
  }
}
