package dev.sluice.apply;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The pages of one transaction, one at a time, in ascending order of page number. */
public interface PageSource {
  /** Moves to the next page; false after the last. May overwrite the page handed out before. */
  boolean next() throws IOException;

  /** Number of the current page, from 1. */
  int pgno();

  /** Content of the current page, between position and limit. */
  ByteBuffer page();
}
