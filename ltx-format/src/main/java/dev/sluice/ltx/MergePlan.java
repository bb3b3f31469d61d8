package dev.sluice.ltx;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Which file has the newest content of each page, by ascending page number.
 *
 * <p>The files count from the last one that holds a whole database: nothing before it is needed,
 * and from there on the page size is the same. Their indexes are merged with a heap of one cursor a
 * file, so thousands of files of a page or two cost about as much as one of thousands of pages.
 * Immutable; 12 bytes a page.
 */
final class MergePlan {
  private final List<LtxFile> inputs;

  /** The first input that counts. */
  private final int base;

  /** Page numbers up to which each input counts: no input from it on ends before that. */
  private final int[] limits;

  private int count;
  private int[] pgnos;
  private int[] sources;
  private int[] entries;

  private MergePlan(List<LtxFile> inputs) {
    this.inputs = inputs;
    base = base(inputs);
    limits = new int[inputs.size()];
    int limit = Integer.MAX_VALUE;
    for (int i = inputs.size() - 1; i >= base; i--) {
      limit = Math.min(limit, inputs.get(i).header().commit());
      limits[i] = limit;
    }
    // Enough for most: growing would hold the arrays of a large database twice.
    int capacity = Math.max(16, inputs.get(base).index().count());
    pgnos = new int[capacity];
    sources = new int[capacity];
    entries = new int[capacity];
  }

  /**
   * Plans the pages that {@code inputs} change, or with {@code whole} all pages of the database
   * after them.
   *
   * @param inputs oldest first, at least one
   * @throws IllegalArgumentException when a page that must be there is in none of them
   */
  static MergePlan of(List<LtxFile> inputs, boolean whole) {
    MergePlan plan = new MergePlan(inputs);
    // What lies beyond the smallest size on the way was cut off and must come from a later file.
    plan.merge(whole || inputs.get(plan.base).isWhole() ? 0 : plan.limits[plan.base]);
    return plan;
  }

  /** Plans all pages of one file. */
  static MergePlan of(LtxFile file) {
    MergePlan plan = new MergePlan(List.of(file));
    plan.merge(Integer.MAX_VALUE);
    return plan;
  }

  /** Number of pages. */
  int count() {
    return count;
  }

  int pageSize() {
    return inputs.get(inputs.size() - 1).header().pageSize();
  }

  int pgno(int i) {
    return pgnos[i];
  }

  /** Which input has the content. */
  int source(int i) {
    return sources[i];
  }

  /** Which entry of that input's index. */
  int entry(int i) {
    return entries[i];
  }

  LtxFile input(int source) {
    return inputs.get(source);
  }

  /** For each input, whether all of its pages are in the plan. */
  boolean[] complete() {
    int[] used = new int[inputs.size()];
    for (int i = 0; i < count; i++) {
      used[sources[i]]++;
    }
    boolean[] complete = new boolean[used.length];
    for (int i = base; i < used.length; i++) {
      complete[i] = used[i] == inputs.get(i).index().count();
    }
    return complete;
  }

  private static int base(List<LtxFile> inputs) {
    int base = 0;
    for (int i = 0; i < inputs.size(); i++) {
      LtxFile input = inputs.get(i);
      if (input.isWhole()) {
        base = i;
      } else if (i > 0) {
        int before = inputs.get(i - 1).header().pageSize();
        if (input.header().pageSize() != before) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "%s changes the page size from %,d to %,d but does not hold the whole database",
                  input.name(),
                  before,
                  input.header().pageSize()));
        }
      }
    }
    return base;
  }

  private void merge(int neededFrom) {
    int newest = inputs.size() - 1;
    long[] heap = new long[inputs.size() - base];
    int[] cursors = new int[inputs.size()];
    int size = 0;
    for (int i = base; i <= newest; i++) {
      if (hasNext(i, 0)) {
        heap[size++] = key(i, 0, newest);
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sift(heap, i, size);
    }
    int last = 0;
    while (size > 0) {
      int pgno = (int) (heap[0] >>> 32);
      int source = newest - (int) heap[0];
      int entry = cursors[source]++;
      if (pgno != last) {
        checkNoGap(Math.max(last, neededFrom), pgno);
        add(pgno, source, entry);
        last = pgno;
      }
      if (hasNext(source, entry + 1)) {
        heap[0] = key(source, entry + 1, newest);
      } else {
        heap[0] = heap[--size];
      }
      sift(heap, 0, size);
    }
    checkNoGap(Math.max(last, neededFrom), limits[newest] + 1L);
  }

  private boolean hasNext(int source, int entry) {
    PageIndex index = inputs.get(source).index();
    return entry < index.count() && index.pgno(entry) <= limits[source];
  }

  /** Orders by page number, then newest first. */
  private long key(int source, int entry, int newest) {
    return (long) inputs.get(source).index().pgno(entry) << 32 | (newest - source);
  }

  /** Throws unless no page but the lock page lies strictly between two. */
  private void checkNoGap(long before, long after) {
    long missing = before + 1;
    if (missing == Checksums.lockPage(pageSize())) {
      missing++;
    }
    if (missing < after) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "page %,d of the database after %s is in none of the %,d files",
              missing,
              inputs.get(inputs.size() - 1).name(),
              inputs.size()));
    }
  }

  private void add(int pgno, int source, int entry) {
    if (count == pgnos.length) {
      int capacity = (int) Math.min(count * 2L, Integer.MAX_VALUE - 16);
      pgnos = Arrays.copyOf(pgnos, capacity);
      sources = Arrays.copyOf(sources, capacity);
      entries = Arrays.copyOf(entries, capacity);
    }
    pgnos[count] = pgno;
    sources[count] = source;
    entries[count++] = entry;
  }

  private static void sift(long[] heap, int at, int size) {
    int parent = at;
    while (2 * parent + 1 < size) {
      int child = 2 * parent + 1;
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[parent] <= heap[child]) {
        return;
      }
      long swapped = heap[parent];
      heap[parent] = heap[child];
      heap[child] = swapped;
      parent = child;
    }
  }
}
