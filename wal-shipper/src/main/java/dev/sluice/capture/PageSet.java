package dev.sluice.capture;

import java.util.Arrays;

/**
 * Page numbers that may have changed. Costs what it holds, not what the database holds. For one
 * thread.
 */
final class PageSet {
  private static final int KEPT = 4096;

  private int[] pages = new int[16];
  private int size;
  private boolean sorted = true;

  void add(int pgno) {
    // Pages are mostly written in order, and the last one again and again.
    if (size > 0 && pages[size - 1] == pgno) {
      return;
    }
    if (size == pages.length) {
      sort();
      if (size > pages.length / 2) {
        pages = Arrays.copyOf(pages, pages.length * 2);
      }
    }
    sorted &= size == 0 || pages[size - 1] < pgno;
    pages[size++] = pgno;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /**
   * The pages ascending, without repeats, in the first {@link #size} elements; valid until the next
   * change.
   */
  int[] sorted() {
    sort();
    return pages;
  }

  /** How many, after {@link #sorted}. */
  int size() {
    return size;
  }

  private void sort() {
    if (sorted) {
      return;
    }
    Arrays.sort(pages, 0, size);
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (kept == 0 || pages[kept - 1] != pages[i]) {
        pages[kept++] = pages[i];
      }
    }
    size = kept;
    sorted = true;
  }

  void clear() {
    size = 0;
    sorted = true;
    if (pages.length > KEPT) {
      pages = new int[16];
    }
  }
}
