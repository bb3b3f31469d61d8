package dev.sluice.ltx;

import java.io.IOException;
import java.util.List;

/**
 * Merges LTX files of consecutive transactions into one. Frames are taken over as they are, and
 * decompressed only for their checksums. Memory is 12 bytes a page besides the inputs' indexes, and
 * some megabytes a thread. Stateless.
 */
public final class LtxCompactor {
  /**
   * How to write the result.
   *
   * @param noChecksum write it with the NoChecksum flag; it gets it anyway when the inputs do not
   *     have the checksums it needs
   * @param threads how many threads may work on it, at least 1
   */
  public record Options(boolean noChecksum, int threads) {}

  private LtxCompactor() {}

  /**
   * Writes one file with the newest content of each page up to the end of the database after the
   * last input. An input's file checksum is verified when all of its pages are taken; when the
   * result is a snapshot with checksums, its database checksum is, too.
   *
   * @param inputs consecutive files of one database, oldest first; they stay open
   * @throws IllegalArgumentException when the inputs do not follow each other, or lack a page that
   *     the result must have
   * @throws CorruptLtxException when an input is not what the format says
   */
  public static EncodedLtx compact(List<LtxFile> inputs, LtxSink out, Options options)
      throws IOException {
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException("nothing to compact");
    }
    Lineage.checkContiguous(inputs);
    LtxFile last = inputs.get(inputs.size() - 1);
    LtxHeader header = header(inputs, options.noChecksum());
    MergePlan plan = MergePlan.of(inputs, header.isSnapshot());
    InputChecksums checksums = new InputChecksums(plan);
    FileAssembler file = new FileAssembler(header, out);
    long[] xor = {0};
    Pipeline.run(
        MergePiece.count(plan),
        MergePiece.threads(plan, options.threads()),
        () -> new MergePiece(plan, true),
        MergePiece::decode,
        (piece, number) -> {
          piece.addCrcsTo(checksums);
          xor[0] ^= piece.xor();
          file.append(piece.batch());
        });
    checksums.verify();
    if (header.isSnapshot()) {
      last.verifyDatabase(xor[0]);
    }
    return file.finish(header.hasChecksums() ? last.trailer().postApplyChecksum() : 0);
  }

  private static LtxHeader header(List<LtxFile> inputs, boolean noChecksum) {
    LtxHeader first = inputs.get(0).header();
    LtxHeader last = inputs.get(inputs.size() - 1).header();
    long timestampMillis = Long.MIN_VALUE;
    for (LtxFile input : inputs) {
      timestampMillis = Math.max(timestampMillis, input.header().timestampMillis());
    }
    boolean checksums =
        !noChecksum && last.hasChecksums() && (first.hasChecksums() || first.isSnapshot());
    return new LtxHeader(
        checksums ? 0 : LtxHeader.NO_CHECKSUM,
        last.pageSize(),
        last.commit(),
        first.minTxid(),
        last.maxTxid(),
        timestampMillis,
        checksums ? first.preApplyChecksum() : 0,
        0,
        0,
        0,
        0,
        0);
  }
}
