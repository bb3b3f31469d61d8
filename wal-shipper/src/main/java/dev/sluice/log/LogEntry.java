package dev.sluice.log;

import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.Position;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One LTX file of the log.
 *
 * @param header of the file
 * @param postApplyChecksum the database checksum after it
 * @param segment where it lies
 * @param offset of its first byte in the segment, or of what the segment has of it
 * @param length in bytes
 */
public record LogEntry(
    LtxHeader header, long postApplyChecksum, Segment segment, long offset, long length) {
  /**
   * The file that has this transaction alone, as a store takes it, with {@link
   * LtxReheaded#bare(LtxHeader)} as its header; null when it has none of its own. It is never
   * written again.
   */
  public @Nullable Path file() {
    WholeFile whole = segment.whole();
    return whole == null ? null : whole.path();
  }

  public long minTxid() {
    return header.minTxid();
  }

  public long maxTxid() {
    return header.maxTxid();
  }

  /** Where the database stands after it. */
  public Position position() {
    return new Position(header.maxTxid(), postApplyChecksum);
  }

  /** Where the database stood before it. */
  public Position before() {
    return header.minTxid() == 1
        ? Position.NONE
        : new Position(header.minTxid() - 1, header.preApplyChecksum());
  }
}
