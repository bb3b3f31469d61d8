package dev.sluice.capture;

import dev.sluice.log.PageReader;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A main file and the WAL that was found with it: the states of the database from before the WAL's
 * first commit to after its last, with their checksums.
 *
 * <p>The checksum of a state is the XOR of those of its pages. Pages that no frame has are read
 * once; from one commit to the next only those of its frames change. A state is not the true one
 * when later frames were brought into the main file already; then its checksum is nobody's.
 */
final class WalViews {
  private static final int FRAME_HEADER = WalFrameHeader.SIZE;

  private final NativeFile main;
  private final NativeFile wal;
  private final WalHeader header;
  private final int pageSize;
  private final int lockPage;

  /** Frames, from 0. */
  private int[] pgnos = new int[256];

  private int frames;

  /** The number of frames up to each commit, pages of the database after it, and its checksum. */
  private int[] ends = new int[16];

  private int[] sizes = new int[16];
  private long[] checksums = new long[16];
  private int commits;
  private int sealed;

  private WalViews(NativeFile main, NativeFile wal, WalHeader header) {
    this.main = main;
    this.wal = wal;
    this.header = header;
    this.pageSize = header.pageSize();
    this.lockPage = Checksums.lockPage(pageSize);
  }

  /**
   * Reads both files, as SQLite's recovery does.
   *
   * @param reader before the WAL's first frame
   */
  static WalViews read(NativeFile main, NativeFile wal, WalReader reader) throws IOException {
    WalViews views = start(main, wal, reader);
    views.computeChecksums(views.readFrames(reader, new long[256]));
    return views;
  }

  /**
   * Reads both files, with the frames that SQLite's recovery does not find.
   *
   * @return null when none of those ends a transaction; then the main file was not read
   */
  static @Nullable WalViews readUnsealed(NativeFile main, NativeFile wal, WalReader reader)
      throws IOException {
    WalViews views = start(main, wal, reader);
    long[] sums = views.readFrames(reader, new long[256]);
    views.sealed = views.newest();
    reader.takeUnsealed();
    sums = views.readFrames(reader, sums);
    if (views.newest() == views.sealed) {
      return null;
    }
    views.computeChecksums(sums);
    return views;
  }

  private static WalViews start(NativeFile main, NativeFile wal, WalReader reader)
      throws IOException {
    WalViews views = new WalViews(main, wal, reader.header());
    DatabaseHeader header = Recovery.readHeader(main);
    views.add(
        0,
        header != null && header.pageSize() == views.pageSize
            ? Recovery.pageCount(header, main)
            : 0);
    return views;
  }

  private void add(int end, int size) {
    if (commits == ends.length) {
      ends = Arrays.copyOf(ends, commits * 2);
      sizes = Arrays.copyOf(sizes, commits * 2);
      checksums = Arrays.copyOf(checksums, commits * 2);
    }
    ends[commits] = end;
    sizes[commits++] = size;
  }

  /** Returns the checksums of the pages in all frames so far. */
  private long[] readFrames(WalReader reader, long[] known) throws IOException {
    long[] sums = known;
    while (reader.next()) {
      if (frames == pgnos.length) {
        pgnos = Arrays.copyOf(pgnos, frames * 2);
        sums = Arrays.copyOf(sums, frames * 2);
      }
      pgnos[frames] = reader.pgno();
      sums[frames++] = Checksums.page(reader.pgno(), reader.page());
      if (reader.commit() != 0) {
        add(frames, reader.commit());
      }
    }
    return sums;
  }

  private void computeChecksums(long[] frameSums) throws IOException {
    // Checksums of the pages in frames, in the state that is being looked at.
    NavigableMap<Integer, Long> framed = new TreeMap<>();
    for (int frame = 0; frame < ends[commits - 1]; frame++) {
      framed.put(pgnos[frame], 0L);
    }
    // XOR of the pages that no frame has, up to each size that occurs.
    Map<Integer, Long> others = new HashMap<>();
    int pages = 0;
    for (int i = 0; i < commits; i++) {
      others.put(sizes[i], 0L);
      pages = Math.max(pages, sizes[i]);
    }
    NavigableSet<Integer> stops = new TreeSet<>(framed.keySet());
    stops.addAll(others.keySet());
    MainChecksum sums = new MainChecksum(main, pageSize);
    long other = 0;
    int next = 1;
    for (int stop : stops.headSet(pages, true)) {
      boolean inFrame = framed.containsKey(stop);
      other ^= sums.xor(next, inFrame ? stop - 1 : stop);
      if (inFrame) {
        framed.put(stop, sums.xor(stop, stop));
      }
      others.replace(stop, other);
      next = stop + 1;
    }
    framed.remove(lockPage);
    long xor = xor(framed.headMap(sizes[0], true));
    for (int i = 0; i < commits; i++) {
      int before = i == 0 ? sizes[0] : sizes[i - 1];
      for (int frame = i == 0 ? 0 : ends[i - 1]; frame < ends[i]; frame++) {
        int pgno = pgnos[frame];
        Long old = pgno == lockPage ? null : framed.put(pgno, frameSums[frame]);
        if (old != null && pgno <= before) {
          xor ^= old ^ frameSums[frame];
        }
      }
      int smaller = Math.min(before, sizes[i]);
      int larger = Math.max(before, sizes[i]);
      xor ^= xor(framed.subMap(smaller, false, larger, true));
      checksums[i] = Checksums.database(xor ^ others.getOrDefault(sizes[i], 0L));
    }
  }

  private static long xor(Map<Integer, Long> sums) {
    return sums.values().stream().reduce(0L, (a, b) -> a ^ b);
  }

  /** Number of the newest state; 0 when the WAL has no commit. */
  int newest() {
    return commits - 1;
  }

  /** Number of the newest state that SQLite's recovery finds. */
  int newestSealed() {
    return sealed;
  }

  int pageSize() {
    return pageSize;
  }

  /** Pages of the database in a state. */
  int size(int state) {
    return sizes[state];
  }

  long checksum(int state) {
    return checksums[state];
  }

  /** Where in the WAL the commit that leads to a state lies. */
  WalRange range(int state) {
    return WalTail.range(header, ends[state - 1] + 1, ends[state]);
  }

  /** How many frames lead to a state. */
  int frames(int state) {
    return ends[state];
  }

  /** The newest state with this size and checksum, or -1. */
  int find(int size, long checksum) {
    for (int state = newest(); state >= 0; state--) {
      if (sizes[state] == size && checksums[state] == checksum) {
        return state;
      }
    }
    return -1;
  }

  /** The pages in the frames of the commit that leads to a state, ascending without repeats. */
  int[] changed(int state) {
    return Arrays.stream(pgnos, ends[state - 1], ends[state]).sorted().distinct().toArray();
  }

  Reader reader() {
    return new Reader();
  }

  /** Reads the pages of one state after another. */
  final class Reader implements PageReader {
    private final Map<Integer, Integer> newest = new HashMap<>();
    private int read;

    /** Goes on to a state, never back. */
    Reader at(int state) {
      for (; read < ends[state]; read++) {
        newest.put(pgnos[read], read);
      }
      return this;
    }

    @Override
    public void read(int pgno, ByteBuffer target) throws IOException {
      Integer frame = newest.get(pgno);
      if (frame == null) {
        Recovery.readPage(main, pgno, target);
      } else {
        wal.readFully(
            target, WalHeader.SIZE + frame * (long) (FRAME_HEADER + pageSize) + FRAME_HEADER);
      }
    }
  }
}
