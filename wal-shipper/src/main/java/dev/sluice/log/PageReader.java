package dev.sluice.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives the content of pages of a database as of one transaction. */
@FunctionalInterface
public interface PageReader {
  /** Fills the remaining bytes of {@code target}, a direct buffer of one page. */
  void read(int pgno, ByteBuffer target) throws IOException;
}
