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

  /** Does piece {@code number} of the plan. */
  void decode(int number) throws IOException {
    first = number * pagesPerPiece;
    count = Math.min(pagesPerPiece, plan.count() - first);
    xor = 0;
    runs = 0;
    pages.clear();
    if (batch != null) {
      batch.clear();
    }
    for (int i = 0; i < count; ) {
      int length = runLength(i);
      decodeRun(i, length);
      i += length;
    }
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
      int length = 1;
      while (i + length < count && plan.pgno(first + i + length) == plan.pgno(first + i) + length) {
        length++;
      }
      target.write(plan.pgno(first + i), pages.slice(i * pageSize, length * pageSize));
      i += length;
    }
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
