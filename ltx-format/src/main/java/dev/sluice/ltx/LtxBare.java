package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bytes of an LTX file as {@link LtxHeader#withoutChecksum} makes them: its pages and its page
 * index as they stand, between another header and another trailer. As a CRC is linear, the new file
 * checksum comes from the old one, and nothing is read that is not asked for. Safe for use by many
 * threads.
 */
public final class LtxBare implements LtxSource {
  private final LtxSource source;
  private final LtxHeader header;
  private final byte[] head = new byte[LtxHeader.SIZE];
  private final byte[] tail = new byte[LtxTrailer.SIZE];

  private LtxBare(LtxSource source, LtxHeader header, LtxTrailer trailer) {
    this.source = source;
    this.header = header;
    header.writeTo(ByteBuffer.wrap(head));
    trailer.writeTo(ByteBuffer.wrap(tail));
  }

  /**
   * The bytes of a file without database checksums, and without where in a WAL it was.
   *
   * @param file which must stay open, and is not closed with it; its frames have sizes, as all have
   *     that this library writes
   */
  public static LtxBare of(LtxFile file) throws IOException {
    checkSized(file);
    LtxHeader old = file.header();
    LtxHeader bare =
        LtxHeader.transactions(
                old.pageSize(),
                old.commit(),
                old.minTxid(),
                old.maxTxid(),
                old.timestampMillis(),
                old.preApplyChecksum())
            .withoutChecksum();
    long covered =
        (long) file.index().count() * (PageFrame.SIZED_HEADER + old.pageSize())
            + file.lengthAfterPages();
    long headers = crc(old) ^ crc(bare);
    long trailers = crc(file.trailer().postApplyChecksum()) ^ crc(0L);
    // Of two CRCs of the same length, the exclusive or is that of the exclusive or.
    long checksum = file.trailer().fileChecksum() ^ Crc64.combine(headers, 0, covered) ^ trailers;
    return new LtxBare(file.source(), bare, new LtxTrailer(0, checksum | Checksums.FLAG));
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
