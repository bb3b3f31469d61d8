package dev.sluice.ltx;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which page may follow which: ascending, none beyond the end of the database, never the lock page;
 * on a snapshot every page but that. One thread at a time.
 */
final class PageOrder {
  private int commit;
  private int lockPage;
  private boolean whole;
  private int last;

  void start(LtxHeader header) {
    commit = header.commit();
    lockPage = Checksums.lockPage(header.pageSize());
    whole = header.isSnapshot();
    last = 0;
  }

  /** Takes the next page; returns why it may not come here, or null. */
  @Nullable String next(int pgno) {
    boolean ordered = whole ? pgno == after(last) : pgno > last;
    if (ordered && pgno <= commit && pgno != lockPage) {
      last = pgno;
      return null;
    }
    return problem(pgno);
  }

  /** Why there may be no end here, or null. */
  @Nullable String end() {
    if (!whole || last == commit || after(last) > commit) {
      return null;
    }
    return format("snapshot of %,d pages lacks page %,d", commit, after(last));
  }

  private String problem(int pgno) {
    if (pgno < 1) {
      return format(
          "page number %,d, supported are 1 to 2,147,483,647 (8 TiB of 4 KiB pages)",
          pgno & 0xffffffffL);
    }
    if (pgno == lockPage) {
      return format("page %,d is the lock page, which no file holds", pgno);
    }
    if (pgno > commit) {
      return format("page %,d is beyond the end of the database of %,d pages", pgno, commit);
    }
    if (pgno <= last) {
      return format("page %,d follows page %,d, pages must ascend", pgno, last);
    }
    return format("page %,d follows page %,d in a snapshot", pgno, last);
  }

  private int after(int pgno) {
    return pgno + 1 == lockPage ? pgno + 2 : pgno + 1;
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
