package dev.sluice.ltx;

import java.io.IOException;

/** Verifies whole files. Stateless. */
public final class LtxVerifier {
  private LtxVerifier() {}

  /**
   * Reads all of a file and checks every rule of the format, the file checksum and, for a snapshot
   * with checksums, the database checksum. Uses several threads for a large file. The source is
   * closed.
   *
   * @param name of the file in errors, as the user knows it
   * @throws CorruptLtxException naming the offset of what is wrong
   */
  public static LtxTrailer verify(LtxSource source, String name) throws IOException {
    try (LtxFile file = LtxFile.open(source, name)) {
      verify(file, Pipeline.defaultThreads());
      return file.trailer();
    }
  }

  /**
   * As {@link #verify(LtxSource, String)} for an open file, which stays open.
   *
   * @param threads how many threads may decompress, at least 1
   */
  public static void verify(LtxFile file, int threads) throws IOException {
    MergePlan plan = MergePlan.of(file);
    InputChecksums checksums = new InputChecksums(plan);
    long[] xor = {0};
    Pipeline.run(
        MergePiece.count(plan),
        MergePiece.threads(plan, threads),
        () -> new MergePiece(plan, false),
        MergePiece::decode,
        (piece, number) -> {
          piece.addCrcsTo(checksums);
          xor[0] ^= piece.xor();
        });
    checksums.verify();
    if (file.header().isSnapshot()) {
      file.verifyDatabase(xor[0]);
    }
  }
}
