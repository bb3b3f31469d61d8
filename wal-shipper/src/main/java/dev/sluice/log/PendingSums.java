package dev.sluice.log;

import java.util.Arrays;

/**
 * The checksums of the pages of a transaction that is being written to the log: the table gets them
 * once it is there. For one thread at a time.
 */
final class PendingSums {
  private static final int FEW = 64;
  private static final int KEPT = 4096;

  private int[] pgnos = new int[FEW];
  private long[] sums = new long[FEW];
  private int size;

  void clear() {
    size = 0;
  }

  void add(int pgno, long sum) {
    if (size == pgnos.length) {
      pgnos = Arrays.copyOf(pgnos, size * 2);
      sums = Arrays.copyOf(sums, size * 2);
    }
    pgnos[size] = pgno;
    sums[size++] = sum;
  }

  void writeTo(ChecksumTable table) {
    for (int i = 0; i < size; i++) {
      table.set(pgnos[i], sums[i]);
    }
    // What a huge transaction needed is not kept for thousands of small databases.
    if (pgnos.length > KEPT) {
      pgnos = new int[FEW];
      sums = new long[FEW];
    }
    size = 0;
  }
}
