package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Some neighbouring pages of a {@link MergePlan}: their frames read and decompressed, their CRCs
 * and checksums taken, and on demand their frames made into a {@link FrameBatch}. One thread at a
 * time.
 */
final class MergePiece {
  /**
   * Of the pages in memory, so that they can be written past the page cache; a slice rounds down.
   */
  private static final int ALIGNMENT = 4096;

  private final MergePlan plan;
  private final int pageSize;
  private final int pagesPerPiece;
  private final ByteBuffer pages;
  private final @Nullable FrameBatch batch;
  private ByteBuffer frames;

  private int first;
  private int count;
  private long xor;
  private boolean allSized;

  /** Runs: neighbouring frames of one input, and the CRC of each run uncompressed. */
  private int runs;

  private int[] runSources = new int[1];
  private long[] runCrcs = new long[1];
  private long[] runLengths = new long[1];

  MergePiece(MergePlan plan, boolean reframe) {
    this.plan = plan;
    pageSize = plan.pageSize();
    pagesPerPiece = Math.min(Pipeline.pagesPerPiece(pageSize), plan.count());
    pages =
        ByteBuffer.allocateDirect(pagesPerPiece * pageSize + 2 * ALIGNMENT).alignedSlice(ALIGNMENT);
    frames = ByteBuffer.allocateDirect(pagesPerPiece * pageSize);
    batch = reframe ? new FrameBatch(pageSize, pagesPerPiece) : null;
  }

  /** How many pieces a plan has. */
  static int count(MergePlan plan) {
    int pages = Pipeline.pagesPerPiece(plan.pageSize());
    return (int) ((plan.count() + (long) pages - 1) / pages);
  }

  /** How many threads a plan is worth. */
  static int threads(MergePlan plan, int wanted) {
    return (long) plan.count() * plan.pageSize() < Pipeline.MIN_PARALLEL_BYTES
        ? Math.min(wanted, 1)
        : wanted;
  }

  /** Goes to piece {@code number} of the plan. */
  private void start(int number) {
    first = number * pagesPerPiece;
    count = Math.min(pagesPerPiece, plan.count() - first);
    xor = 0;
    runs = 0;
    allSized = true;
    pages.clear();
    if (batch != null) {
      batch.clear();
    }
  }

  /** Does piece {@code number} of the plan. */
  void decode(int number) throws IOException {
    start(number);
    for (int i = 0; i < count; ) {
      int length = runLength(i);
      decodeRun(i, length);
      i += length;
    }
  }

  /**
   * Takes piece {@code number} as it was written before, if it was, and if what is there has the
   * checksums it had then. Gives the same CRCs as decoding it.
   */
  boolean takeOver(int number, LtxSnapshot.Pieces written) throws IOException {
    start(number);
    long expected = written.written(number, origin());
    if (expected == 0) {
      return false;
    }
    for (int i = 0; i < count; ) {
      int length = neighbours(i);
      written.read(plan.pgno(first + i), pages.slice(i * pageSize, length * pageSize));
      i += length;
    }
    for (int i = 0; i < count; ) {
      int length = runLength(i);
      recomputeRun(i, length);
      i += length;
    }
    return xor == expected;
  }

  /** The CRC of a run from its pages, with the frames' headers as they must have been. */
  private void recomputeRun(int from, int length) {
    int source = plan.source(first + from);
    int entry = plan.entry(first + from);
    PageIndex index = plan.input(source).index();
    long state = Crc64.INITIAL_STATE;
    for (int i = 0; i < length; i++) {
      int pgno = plan.pgno(first + from + i);
      frames
          .putInt(0, pgno)
          .putShort(4, (short) PageFrame.SIZED)
          .putInt(PageFrame.HEADER, index.size(entry + i) - PageFrame.SIZED_HEADER);
      long before = Crc64.updateState(state, frames, 0, PageFrame.SIZED_HEADER);
      state = Crc64.updateState(before, pages, (from + i) * pageSize, pageSize);
      xor ^= Checksums.page(pgno, pageSize, before, state);
    }
    addRun(source, ~state, (long) length * (PageFrame.SIZED_HEADER + pageSize));
  }

  /**
   * What the piece is made of: a hash of the file checksum, the entry and the page number of each
   * run. Two pieces with the same have the same content.
   */
  long origin() {
    long hash = pageSize;
    for (int i = 0; i < count; ) {
      int length = runLength(i);
      int at = first + i;
      hash = mix(hash, plan.input(plan.source(at)).trailer().fileChecksum());
      hash = mix(hash, (long) plan.entry(at) << 32 | length);
      hash = mix(hash, plan.pgno(at));
      i += length;
    }
    return hash;
  }

  /** The finalizer of MurmurHash3, which spreads each bit over all. */
  private static long mix(long hash, long value) {
    long h = (hash ^ value) * 0xff51afd7ed558ccdL;
    h = (h ^ h >>> 33) * 0xc4ceb9fe1a85ec53L;
    return h ^ h >>> 33;
  }

  /** Whether all frames were of the kind with a size, so that {@link #takeOver} knows them. */
  boolean isSized() {
    return allSized;
  }

  int pages() {
    return count;
  }

  private int runLength(int from) {
    int at = first + from;
    int length = 1;
    while (from + length < count
        && plan.source(at + length) == plan.source(at)
        && plan.entry(at + length) == plan.entry(at) + length) {
      length++;
    }
    return length;
  }

  private void decodeRun(int from, int length) throws IOException {
    int source = plan.source(first + from);
    int entry = plan.entry(first + from);
    LtxFile file = plan.input(source);
    PageIndex index = file.index();
    int bytes =
        (int)
            (index.offset(entry + length - 1)
                + index.size(entry + length - 1)
                - index.offset(entry));
    if (frames.capacity() < bytes) {
      frames = ByteBuffer.allocateDirect(pagesPerPiece * PageFrame.maxLength(pageSize));
    }
    frames.clear();
    file.readFrames(entry, length, frames);
    long covered = 0;
    long state = Crc64.INITIAL_STATE;
    boolean sized = true;
    for (int i = 0, at = 0; i < length; i++) {
      int to = (from + i) * pageSize;
      int prefix = file.decode(entry + i, frames, at, pages, to);
      long before = Crc64.updateState(state, frames, at, prefix);
      state = Crc64.updateState(before, pages, to, pageSize);
      xor ^= Checksums.page(plan.pgno(first + from + i), pageSize, before, state);
      sized &= prefix == PageFrame.SIZED_HEADER;
      covered += prefix + pageSize;
      at += index.size(entry + i);
    }
    allSized &= sized;
    addRun(source, ~state, covered);
    if (batch != null) {
      reframe(batch, index, from, length, sized);
    }
  }

  /**
   * Takes the frames of a run over as they are, or makes new ones where they are of the old kind.
   */
  private void reframe(FrameBatch batch, PageIndex index, int from, int length, boolean sized) {
    int entry = plan.entry(first + from);
    for (int i = 0, at = 0; i < length; i++) {
      int pgno = plan.pgno(first + from + i);
      if (sized) {
        batch.copy(pgno, frames, at, index.size(entry + i));
        at += index.size(entry + i);
      } else {
        batch.compress(pgno, pages, (from + i) * pageSize);
      }
    }
    if (sized) {
      batch.covered(runCrcs[runs - 1], runLengths[runs - 1]);
    }
  }

  private void addRun(int source, long crc, long length) {
    if (runs == runSources.length) {
      runSources = Arrays.copyOf(runSources, 2 * runs);
      runCrcs = Arrays.copyOf(runCrcs, 2 * runs);
      runLengths = Arrays.copyOf(runLengths, 2 * runs);
    }
    runSources[runs] = source;
    runCrcs[runs] = crc;
    runLengths[runs++] = length;
  }

  /** Hands the pages over, as many at a time as follow each other. */
  void writeTo(LtxSnapshot.PageWriter target) throws IOException {
    for (int i = 0; i < count; ) {
      int length = neighbours(i);
      target.write(plan.pgno(first + i), pages.slice(i * pageSize, length * pageSize));
      i += length;
    }
  }

  /** How many pages from one on follow each other in the database. */
  private int neighbours(int from) {
    int length = 1;
    while (from + length < count
        && plan.pgno(first + from + length) == plan.pgno(first + from) + length) {
      length++;
    }
    return length;
  }

  /** The frames made, when the piece was created for that. */
  FrameBatch batch() {
    if (batch == null) {
      throw new IllegalStateException("frames were not asked for");
    }
    return batch;
  }

  /** XOR of the checksums of the pages. */
  long xor() {
    return xor;
  }

  /** Adds the CRCs of the runs to those of their inputs. */
  void addCrcsTo(InputChecksums checksums) {
    for (int i = 0; i < runs; i++) {
      checksums.add(runSources[i], runCrcs[i], runLengths[i]);
    }
  }
}
