package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Whole databases to LTX files and back, on several threads. Stateless. */
public final class LtxSnapshot {
  /** About how many bytes of a database a piece has; see {@link Pieces}. */
  public static final int PIECE_BYTES = Pipeline.PIECE_BYTES;

  /** Reads pages of a database; called by several threads at once. */
  @FunctionalInterface
  public interface PageReader {
    /**
     * Fills the remaining bytes of {@code pages} with pages from {@code pgno} on. They may include
     * the lock page, whose content does not matter.
     */
    void read(int pgno, ByteBuffer pages) throws IOException;
  }

  /** Takes the checksum of each page; called by several threads at once, in any order. */
  @FunctionalInterface
  public interface PageSums {
    /** Takes one; see {@link Checksums#page(int, ByteBuffer)}. */
    void sum(int pgno, long checksum);
  }

  /** Takes pages of a database; called by several threads at once, in any order. */
  @FunctionalInterface
  public interface PageWriter {
    /** Writes the remaining bytes of {@code pages}, one or more pages from {@code pgno} on. */
    void write(int pgno, ByteBuffer pages) throws IOException;
  }

  /**
   * What is known of the pieces of a database that is decoded: so an interrupted decoding can go on
   * where it was, and progress can be shown. A piece is some neighbouring pages; its origin tells
   * from which pages of which files, by their checksums, it was made.
   */
  public interface Pieces {
    /** Nothing is known, nothing is kept. */
    Pieces NONE =
        new Pieces() {
          @Override
          public long written(int piece, long origin) {
            return 0;
          }

          @Override
          public void read(int pgno, ByteBuffer pages) {}

          @Override
          public void done(int piece, long origin, long xor, int pages) {}
        };

    /**
     * The exclusive or of a piece's page checksums when it was written before, from the same
     * origin; 0 if it was not. Called by several threads at once.
     */
    long written(int piece, long origin);

    /**
     * Reads back what was written, as far as it is there, which need not be right: it is checked.
     * Called by several threads at once.
     */
    void read(int pgno, ByteBuffer pages) throws IOException;

    /**
     * A piece is written. Called by the caller's thread in the order of the pieces.
     *
     * @param xor what {@link #written} may return for it next time; 0 if the piece cannot be taken
     *     over
     */
    void done(int piece, long origin, long xor, int pages) throws IOException;
  }

  /**
   * How to decode.
   *
   * @param threads how many threads read, decompress and write, at least 1
   * @param verify whether checksums that do not match are errors
   * @param pieces what is known of the target
   */
  public record DecodeOptions(int threads, boolean verify, Pieces pieces) {}

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
    if (!header.isSnapshot()) {
      throw new IllegalArgumentException("header is not that of a snapshot: " + header.fileName());
    }
    return encode(header, pages, out, threads, (pgno, checksum) -> {});
  }

  /**
   * Writes all pages of a database, as a snapshot or as a transaction that replaces everything.
   *
   * @param sums gets their checksums
   */
  public static Encoded encode(
      LtxHeader header, PageReader pages, LtxSink out, int threads, PageSums sums)
      throws IOException {
    FileAssembler file = new FileAssembler(header, out);
    long[] xor = {0};
    boolean small = (long) header.commit() * header.pageSize() < Pipeline.MIN_PARALLEL_BYTES;
    Pipeline.run(
        SnapshotPiece.count(header),
        small ? Math.min(threads, 1) : threads,
        () -> new SnapshotPiece(header),
        (piece, number) -> piece.encode(pages, number, sums),
        (piece, number) -> {
          xor[0] ^= piece.xor();
          file.append(piece.batch());
        });
    long checksum = Checksums.database(xor[0]);
    return new Encoded(file.finish(header.hasChecksums() ? checksum : 0), checksum);
  }

  /**
   * Gives the database that some files make: each page once, from the file with its newest content.
   * Memory is 12 bytes a page besides the inputs' indexes, and some megabytes a thread.
   *
   * <p>The file checksum of an input is verified when all of its pages are taken, every decoded
   * length always, and the database checksum at the end when the last input has it.
   *
   * @param inputs oldest first; the first, or one after it, holds the whole database. Each begins
   *     at the latest where the one before ends and reaches further; they stay open
   * @param target gets every page but the lock page; where that is the last page, or where it holds
   *     a longer file already, its size must be set by the caller
   * @param threads how many threads decompress and write, at least 1
   * @return the position after it, its checksum computed from the pages
   * @throws IllegalArgumentException when transactions or pages are missing
   * @throws CorruptLtxException when an input is not what the format says, or the pages do not give
   *     the last input's post-apply checksum
   */
  public static Position decode(List<LtxFile> inputs, PageWriter target, int threads)
      throws IOException {
    return decode(inputs, target, new DecodeOptions(threads, true, Pieces.NONE));
  }

  /** As {@link #decode(List, PageWriter, int)}. */
  public static Position decode(List<LtxFile> inputs, PageWriter target, DecodeOptions options)
      throws IOException {
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException("no files to decode");
    }
    Lineage.checkReach(inputs);
    MergePlan plan = MergePlan.of(inputs, true);
    InputChecksums checksums = new InputChecksums(plan);
    Pieces pieces = options.pieces();
    long[] xor = {0};
    Pipeline.run(
        MergePiece.count(plan),
        MergePiece.threads(plan, options.threads()),
        () -> new MergePiece(plan, false),
        (piece, number) -> {
          if (!piece.takeOver(number, pieces)) {
            piece.decode(number);
            piece.writeTo(target);
          }
        },
        (piece, number) -> {
          piece.addCrcsTo(checksums);
          xor[0] ^= piece.xor();
          pieces.done(number, piece.origin(), piece.isSized() ? piece.xor() : 0, piece.pages());
        });
    LtxFile last = inputs.get(inputs.size() - 1);
    if (options.verify()) {
      checksums.verify();
      last.verifyDatabase(xor[0]);
    }
    return new Position(last.header().maxTxid(), Checksums.database(xor[0]));
  }
}
