package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An LTX file with another header and another database checksum: its pages and its page index as
 * they stand, between other ends. As a CRC is linear, the new file checksum comes from the old one,
 * and nothing is read that is not asked for. Safe for use by many threads.
 */
public final class LtxReheaded implements LtxSource {
  private final LtxSource source;
  private final LtxHeader header;
  private final LtxTrailer trailer;
  private final byte[] head = new byte[LtxHeader.SIZE];
  private final byte[] tail = new byte[LtxTrailer.SIZE];

  /**
   * The pages of a file between ends that are known.
   *
   * @param source is not closed with it
   */
  public LtxReheaded(LtxSource source, LtxHeader header, LtxTrailer trailer) {
    this.source = source;
    this.header = header;
    this.trailer = trailer;
    header.writeTo(ByteBuffer.wrap(head));
    trailer.writeTo(ByteBuffer.wrap(tail));
  }

  /**
   * A file without database checksums, and without where in a WAL it was: as stores take it.
   *
   * @param file which must stay open, and is not closed with it; its frames have sizes, as all have
   *     that this library writes
   */
  public static LtxReheaded bare(LtxFile file) throws IOException {
    return of(file, bare(file.header()), 0);
  }

  /** The header that {@link #bare(LtxFile)} gives a file. */
  public static LtxHeader bare(LtxHeader header) {
    return LtxHeader.transactions(
            header.pageSize(),
            header.commit(),
            header.minTxid(),
            header.maxTxid(),
            header.timestampMillis(),
            header.preApplyChecksum())
        .withoutChecksum();
  }

  /**
   * A file with another header.
   *
   * @param file as for {@link #bare(LtxFile)}
   * @param postApplyChecksum of the database; 0 when the header has the NoChecksum flag
   */
  public static LtxReheaded of(LtxFile file, LtxHeader header, long postApplyChecksum)
      throws IOException {
    checkSized(file);
    LtxHeader old = file.header();
    long covered =
        (long) file.index().count() * (PageFrame.SIZED_HEADER + old.pageSize())
            + file.lengthAfterPages();
    long headers = crc(old) ^ crc(header);
    long trailers = crc(file.trailer().postApplyChecksum()) ^ crc(postApplyChecksum);
    // Of two CRCs of the same length, the exclusive or is that of the exclusive or.
    long checksum = file.trailer().fileChecksum() ^ Crc64.combine(headers, 0, covered) ^ trailers;
    return new LtxReheaded(
        file.source(), header, new LtxTrailer(postApplyChecksum, checksum | Checksums.FLAG));
  }

  private static void checkSized(LtxFile file) throws IOException {
    if (file.index().count() > 0) {
      ByteBuffer frame = ByteBuffer.allocate(PageFrame.HEADER).order(ByteOrder.BIG_ENDIAN);
      file.source().readFully(file.index().offset(0), frame);
      if (frame.getShort(4) != PageFrame.SIZED) {
        throw new IllegalArgumentException(file.name() + ": its frames have no sizes");
      }
    }
  }

  private static long crc(LtxHeader header) {
    ByteBuffer bytes = ByteBuffer.allocate(LtxHeader.SIZE);
    header.writeTo(bytes);
    return Crc64.of(bytes.flip());
  }

  private static long crc(long value) {
    return Crc64.of(ByteBuffer.allocate(8).putLong(0, value));
  }

  /** The header that these bytes begin with. */
  public LtxHeader header() {
    return header;
  }

  /** The trailer that they end with. */
  public LtxTrailer trailer() {
    return trailer;
  }

  @Override
  public long size() {
    return source.size();
  }

  @Override
  public void readFully(long offset, ByteBuffer target) throws IOException {
    int start = target.position();
    source.readFully(offset, target);
    overlay(head, 0, offset, target, start);
    overlay(tail, size() - tail.length, offset, target, start);
  }

  /** Puts those of {@code bytes} into what was read that it covers. */
  private static void overlay(byte[] bytes, long at, long offset, ByteBuffer target, int start) {
    long from = Math.max(at, offset);
    long to = Math.min(at + bytes.length, offset + target.position() - start);
    if (from < to) {
      target.put(start + (int) (from - offset), bytes, (int) (from - at), (int) (to - from));
    }
  }

  @Override
  public void close() {
    // The file is another's.
  }
}
