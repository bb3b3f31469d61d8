package dev.sluice.ltx;

import java.io.IOException;
import java.util.List;

/** Merges LTX files of consecutive transactions into one. Stateless. */
public final class LtxCompactor {
  /**
   * How to write the result.
   *
   * @param noChecksum write it with the NoChecksum flag
   * @param threads how many threads may work on it, at least 1
   */
  public record Options(boolean noChecksum, int threads) {}

  private LtxCompactor() {}

  /**
   * Writes one file with the newest content of each page.
   *
   * @param inputs consecutive files of one database, oldest first
   * @throws IllegalArgumentException when the inputs do not follow each other
   * @throws CorruptLtxException when an input is not what the format says
   */
  public static EncodedLtx compact(List<LtxFile> inputs, LtxSink out, Options options)
      throws IOException {
    return Pending.missing();
  }
}
