package dev.sluice.apply;

import java.io.IOException;

/** Transactions that follow each other, one at a time. */
public interface TransactionSource {
  /** Moves to the next transaction; false after the last. Ends the one before. */
  boolean next() throws IOException;

  /** Pages that the current transaction changed. */
  PageSource pages();

  /** Size of the database in pages after the current transaction. */
  int commit();
}
