package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Some neighbouring pages of a database on their way into a snapshot. One thread at a time. */
final class SnapshotPiece {
  private final LtxHeader header;
  private final int lockPage;
  private final int pagesPerPiece;
  private final ByteBuffer pages;
  private final FrameBatch batch;
  private long xor;

  SnapshotPiece(LtxHeader header) {
    this.header = header;
    lockPage = Checksums.lockPage(header.pageSize());
    pagesPerPiece = Math.min(Pipeline.pagesPerPiece(header.pageSize()), header.commit());
    pages = ByteBuffer.allocateDirect(pagesPerPiece * header.pageSize());
    batch = new FrameBatch(header.pageSize(), pagesPerPiece);
  }

  /** How many pieces a database has. */
  static int count(LtxHeader header) {
    int pages = Pipeline.pagesPerPiece(header.pageSize());
    return (int) ((header.commit() + (long) pages - 1) / pages);
  }

  /** Reads and compresses piece {@code number}. */
  void encode(LtxSnapshot.PageReader reader, int number, LtxSnapshot.PageSums sums)
      throws IOException {
    int first = number * pagesPerPiece + 1;
    int count = Math.min(pagesPerPiece, header.commit() - first + 1);
    batch.clear();
    xor = 0;
    reader.read(first, pages.clear().limit(count * header.pageSize()));
    if (pages.hasRemaining()) {
      throw new IOException(
          "page reader left " + pages.remaining() + " bytes of " + count + " pages from " + first);
    }
    for (int i = 0; i < count; i++) {
      if (first + i != lockPage) {
        long sum = batch.compress(first + i, pages, i * header.pageSize());
        sums.sum(first + i, sum);
        xor ^= sum;
      }
    }
  }

  FrameBatch batch() {
    return batch;
  }

  /** XOR of the checksums of the pages. */
  long xor() {
    return xor;
  }
}
