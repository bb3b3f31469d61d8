package dev.sluice.capture;

import dev.sluice.ltx.Checksums;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.PageSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;

/** Checksums of many pages of a main file: read in large pieces, on all processors. */
final class MainChecksum {
  private static final int PIECE_BYTES = 16 << 20;

  private final NativeFile main;
  private final int pageSize;
  private final int lockPage;

  MainChecksum(NativeFile main, int pageSize) {
    this.main = main;
    this.pageSize = pageSize;
    this.lockPage = Checksums.lockPage(pageSize);
  }

  /** The XOR of the checksums of these pages, without the lock page; zeros beyond the end. */
  long xor(int first, int last) throws IOException {
    int pages = PIECE_BYTES / pageSize;
    if (last - first < pages) {
      return xorOfPiece(first, last);
    }
    try {
      return IntStream.rangeClosed(0, (last - first) / pages)
          .parallel()
          .mapToLong(piece -> uncheckedXor(first + piece * pages, last))
          .reduce(0, (a, b) -> a ^ b);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Of the piece that begins with {@code first}. */
  private long uncheckedXor(int first, int last) {
    try {
      return xorOfPiece(first, (int) Math.min(last, first + (long) PIECE_BYTES / pageSize - 1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long xorOfPiece(int first, int last) throws IOException {
    int atOnce = PageSize.MAX / pageSize;
    ByteBuffer pages = Scratch.get().page;
    long xor = 0;
    for (int pgno = first; pgno <= last; pgno += atOnce) {
      int count = Math.min(atOnce, last - pgno + 1);
      main.read(pages.clear().limit(count * pageSize), (long) (pgno - 1) * pageSize);
      while (pages.hasRemaining()) {
        pages.put((byte) 0);
      }
      for (int i = 0; i < count; i++) {
        if (pgno + i != lockPage) {
          pages.limit((i + 1) * pageSize).position(i * pageSize);
          xor ^= Checksums.page(pgno + i, pages);
        }
      }
    }
    return xor;
  }
}
