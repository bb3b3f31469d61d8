package dev.sluice.sqlite;

import java.util.Arrays;

/** Which frame of a WAL has the newest content of each page. Immutable. */
public final class FrameMap {
  /** Page number in the upper half, its newest frame in the lower; ascending. */
  private final long[] entries;

  private FrameMap(long[] entries) {
    this.entries = entries;
  }

  /** Of frames 1 to {@code frames}, where frame f holds page {@code pgnos[f - 1]}. */
  public static FrameMap of(int[] pgnos, int frames) {
    long[] all = new long[frames];
    for (int i = 0; i < frames; i++) {
      all[i] = ((long) pgnos[i] << 32) | (i + 1);
    }
    Arrays.sort(all);
    int kept = 0;
    for (int i = 0; i < frames; i++) {
      if (i + 1 == frames || all[i] >>> 32 != all[i + 1] >>> 32) {
        all[kept++] = all[i];
      }
    }
    return new FrameMap(Arrays.copyOf(all, kept));
  }

  /** Number of different pages. */
  public int size() {
    return entries.length;
  }

  /** The {@code i}-th page, from 0, in ascending order. */
  public int pgno(int i) {
    return (int) (entries[i] >>> 32);
  }

  /** The newest frame of the {@code i}-th page. */
  public int frame(int i) {
    return (int) entries[i];
  }

  /** The newest frame of a page, or 0 when no frame has it. */
  public int frameOf(int pgno) {
    int at = Arrays.binarySearch(entries, ((long) pgno << 32) | 0xffffffffL);
    int i = -at - 2;
    return i >= 0 && pgno(i) == pgno ? frame(i) : 0;
  }
}
