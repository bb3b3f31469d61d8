package dev.sluice.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads databases while they are in use. */
@FunctionalInterface
public interface LivePages {
  /**
   * Fills the remaining bytes of {@code target} with a page as its committed state is now, or,
   * while a rollback-mode transaction is open, as that transaction has left it: check it against
   * {@link Database#isUnchanged}.
   */
  void read(String database, int pgno, ByteBuffer target) throws IOException;
}
