package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Whole databases to LTX files and back, on several threads. Stateless. */
public final class LtxSnapshot {
  /** Reads pages of a database; called by several threads at once. */
  @FunctionalInterface
  public interface PageReader {
    /** Fills the remaining bytes of {@code pages} with pages from {@code pgno} on. */
    void read(int pgno, ByteBuffer pages) throws IOException;
  }

  /** Takes pages of a database; called by several threads at once, in any order. */
  @FunctionalInterface
  public interface PageWriter {
    /** Writes the remaining bytes of {@code pages}, one or more pages from {@code pgno} on. */
    void write(int pgno, ByteBuffer pages) throws IOException;
  }

  /**
   * A snapshot that was written.
   *
   * @param file the file
   * @param databaseChecksum of all pages, also when the file has the NoChecksum flag
   */
  public record Encoded(EncodedLtx file, long databaseChecksum) {}

  private LtxSnapshot() {}

  /**
   * Writes a database as a snapshot. Its post-apply checksum is computed on the way.
   *
   * @param header of the snapshot, with or without the NoChecksum flag
   * @param threads how many threads compress, at least 1
   */
  public static Encoded encode(LtxHeader header, PageReader pages, LtxSink out, int threads)
      throws IOException {
    return Pending.missing();
  }

  /**
   * Gives the database that a snapshot and the files after it make: each page once, from the file
   * with its newest content. Pages that no file holds are zeros and not written, so {@code target}
   * must begin empty and have its size set at the end.
   *
   * @param inputs oldest first; the first a snapshot or whole; each begins at or before the end of
   *     the one before, plus one, and reaches further
   * @param threads how many threads decompress, at least 1
   * @return the position after it; its checksum is computed from the pages
   * @throws CorruptLtxException when an input is not what the format says, or the pages do not give
   *     the last input's post-apply checksum
   */
  public static Position decode(List<LtxFile> inputs, PageWriter target, int threads)
      throws IOException {
    return Pending.missing();
  }
}
