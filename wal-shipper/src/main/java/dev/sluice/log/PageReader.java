package dev.sluice.log;

import dev.sluice.ltx.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives the content of pages of a database as of one transaction. */
@FunctionalInterface
public interface PageReader {
  /** Fills the remaining bytes of {@code target}, a direct buffer of one page. */
  void read(int pgno, ByteBuffer target) throws IOException;

  /**
   * Fills {@code target} with neighbouring pages from {@code first} on; the content of the lock
   * page does not matter.
   */
  default void readAll(int first, int pageSize, ByteBuffer target) throws IOException {
    int lockPage = Checksums.lockPage(pageSize);
    for (int pgno = first; target.hasRemaining(); pgno++) {
      if (pgno != lockPage) {
        read(pgno, target.slice(target.position(), pageSize));
      }
      target.position(target.position() + pageSize);
    }
  }
}
