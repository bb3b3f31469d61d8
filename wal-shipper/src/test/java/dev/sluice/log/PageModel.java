package dev.sluice.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/** A database as a map of pages, changed at random and committed to a {@link Database}. */
public final class PageModel {
  private final Random random;
  private final TreeMap<Integer, byte[]> pages = new TreeMap<>();
  private int pageSize;
  private int pageCount;

  public PageModel(long seed, int pageSize) {
    this.random = new Random(seed);
    this.pageSize = pageSize;
  }

  public int pageCount() {
    return pageCount;
  }

  /** Changes some pages, and grows or shrinks now and then; returns what changed, ascending. */
  public int[] change() {
    TreeSet<Integer> changed = new TreeSet<>();
    if (pageCount == 0 || random.nextInt(4) == 0) {
      pageCount += 1 + random.nextInt(5);
    } else if (random.nextInt(10) == 0) {
      pageCount = 1 + random.nextInt(pageCount);
      pages.tailMap(pageCount, false).clear();
    }
    for (int i = random.nextInt(4); i >= 0; i--) {
      int pgno = 1 + random.nextInt(pageCount);
      byte[] page = new byte[pageSize];
      random.nextBytes(page);
      pages.put(pgno, page);
      changed.add(pgno);
    }
    return changed.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Grows by pages of random content. */
  public void grow(int by) {
    for (int i = 0; i < by; i++) {
      byte[] page = new byte[pageSize];
      random.nextBytes(page);
      pages.put(++pageCount, page);
    }
  }

  /** Another page size: everything is new. */
  public void resize(int newPageSize) {
    pageSize = newPageSize;
    pages.clear();
    change();
  }

  /** Everything is gone. */
  public void delete() {
    pages.clear();
    pageCount = 0;
  }

  /** Commits with {@code candidates}; true when that made a transaction. */
  public boolean commit(Database database, int... candidates) throws IOException {
    return database.commit(pageSize, pageCount, candidates, candidates.length, this::read);
  }

  public void read(int pgno, ByteBuffer target) {
    if (target.capacity() != pageSize || target.remaining() != pageSize) {
      throw new IllegalArgumentException("a page is wanted in " + target);
    }
    target.put(page(pgno));
  }

  private byte[] page(int pgno) {
    return pages.getOrDefault(pgno, new byte[pageSize]);
  }

  /** The file that a restore has to give. */
  public byte[] bytes() {
    byte[] all = new byte[pageSize * pageCount];
    for (Map.Entry<Integer, byte[]> page : pages.entrySet()) {
      System.arraycopy(page.getValue(), 0, all, (page.getKey() - 1) * pageSize, pageSize);
    }
    return all;
  }

  public int[] allPages() {
    int[] all = new int[pageCount];
    Arrays.setAll(all, i -> i + 1);
    return all;
  }
}
