package dev.sluice.ltx;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * An LTX file read in any order, through its page index. Safe for use by many threads at once.
 *
 * <p>Opening reads and checks the header, the page index and the trailer; each page is checked when
 * it is read. The file checksum covers all pages uncompressed, so only {@link LtxVerifier} and
 * others that read all of them can verify it.
 */
public final class LtxFile implements Closeable {
  /** Header, end mark, the 0 and length of an empty index, trailer. */
  static final int MIN_SIZE =
      LtxHeader.SIZE + PageFrame.HEADER + 1 + IndexBytes.LENGTH_SIZE + LtxTrailer.SIZE;

  private static final int TAIL = IndexBytes.LENGTH_SIZE + LtxTrailer.SIZE;

  /** Read at once at the end of a file; holds the indexes of most. */
  private static final int TAIL_READ = 16 << 10;

  private static final ThreadLocal<ByteBuffer> SCRATCH =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(PageFrame.maxLength(65536)));

  private final LtxSource source;
  private final String name;
  private final LtxHeader header;
  private final LtxTrailer trailer;
  private final PageIndex index;
  private final FrameDecoder frames;
  private final long crcStateAfterHeader;
  private final long crcAfterPages;
  private final long lengthAfterPages;

  private LtxFile(LtxSource source, String name, Opened opened) {
    this.source = source;
    this.name = name;
    header = opened.header;
    trailer = opened.trailer;
    index = opened.index;
    frames = new FrameDecoder(name, header.pageSize());
    crcStateAfterHeader = opened.crcStateAfterHeader;
    crcAfterPages = opened.crcAfterPages;
    lengthAfterPages = opened.lengthAfterPages;
  }

  /**
   * Opens a file. The source is closed with it, and when opening fails.
   *
   * @param name of the file in errors, as the user knows it
   * @throws CorruptLtxException when header, page index or trailer break a rule of the format
   */
  public static LtxFile open(LtxSource source, String name) throws IOException {
    try {
      return new LtxFile(source, name, new Opened(source, name));
    } catch (IOException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  /** The name in errors. */
  public String name() {
    return name;
  }

  /** The header. */
  public LtxHeader header() {
    return header;
  }

  /** The trailer. */
  public LtxTrailer trailer() {
    return trailer;
  }

  /** Where the pages are. */
  public PageIndex index() {
    return index;
  }

  /** Length of the file in bytes. */
  public long sizeBytes() {
    return source.size();
  }

  /** True when the file holds every page of the database after it, but for the lock page. */
  public boolean isWhole() {
    return index.count() == header.wholePageCount();
  }

  /**
   * Reads a page to the position of {@code target} and moves past it.
   *
   * @return false when the file does not hold the page; nothing is then written
   * @throws CorruptLtxException when the page breaks a rule of the format
   * @throws IllegalArgumentException when {@code target} has no room for a page
   */
  public boolean readPage(int pgno, ByteBuffer target) throws IOException {
    int pageSize = header.pageSize();
    if (target.remaining() < pageSize) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "room for %,d bytes, page size is %,d", target.remaining(), pageSize));
    }
    int entry = index.find(pgno);
    if (entry < 0) {
      return false;
    }
    ByteBuffer scratch = SCRATCH.get().clear().limit(index.size(entry));
    source.readFully(index.offset(entry), scratch);
    decode(entry, scratch, 0, target, target.position());
    target.position(target.position() + pageSize);
    return true;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  LtxSource source() {
    return source;
  }

  /** How many bytes the file checksum covers behind the frames. */
  long lengthAfterPages() {
    return lengthAfterPages;
  }

  /** Reads the frames of {@code entries} neighbours from {@code entry} on. */
  void readFrames(int entry, int entries, ByteBuffer target) throws IOException {
    int last = entry + entries - 1;
    int length = (int) (index.offset(last) + index.size(last) - index.offset(entry));
    int limit = target.limit();
    source.readFully(index.offset(entry), target.limit(target.position() + length));
    target.limit(limit);
  }

  /** Decompresses a frame; see {@link FrameDecoder#decode}. */
  int decode(int entry, ByteBuffer bytes, int at, ByteBuffer target, int to)
      throws CorruptLtxException {
    return frames.decode(
        bytes, at, index.size(entry), index.offset(entry), index.pgno(entry), target, to);
  }

  /**
   * Verifies the file checksum.
   *
   * @param pagesCrc the CRC of all frames uncompressed, as {@link #decode} counts them
   * @param length how many bytes that covers
   */
  void verify(long pagesCrc, long length) throws CorruptLtxException {
    Crc64 crc = new Crc64();
    crc.append(~crcStateAfterHeader, LtxHeader.SIZE);
    crc.append(pagesCrc, length);
    crc.append(crcAfterPages, lengthAfterPages);
    checkFileChecksum(~crc.value(), trailer, source.size() - LtxTrailer.SIZE, name);
  }

  /** Verifies the post-apply checksum, if there is one, given the XOR of all page checksums. */
  void verifyDatabase(long xor) throws CorruptLtxException {
    checkDatabaseChecksum(header, trailer, xor, source.size() - LtxTrailer.SIZE, name);
  }

  static LtxHeader parseHeader(ByteBuffer bytes, String name) throws CorruptLtxException {
    try {
      return LtxHeader.parse(bytes);
    } catch (InvalidHeaderException e) {
      throw new CorruptLtxException(name, e.offset(), e.what());
    }
  }

  static void checkTrailer(LtxHeader header, LtxTrailer trailer, long offset, String name)
      throws CorruptLtxException {
    String problem = header.postApplyProblem(trailer.postApplyChecksum());
    if (problem != null) {
      throw new CorruptLtxException(name, offset, problem);
    }
  }

  static void checkDatabaseChecksum(
      LtxHeader header, LtxTrailer trailer, long xor, long trailerAt, String name)
      throws CorruptLtxException {
    long computed = Checksums.database(xor);
    if (header.hasChecksums() && computed != trailer.postApplyChecksum()) {
      throw new CorruptLtxException(
          name,
          trailerAt,
          "post-apply checksum is "
              + Txid.format(trailer.postApplyChecksum())
              + ", the pages give "
              + Txid.format(computed));
    }
  }

  static void checkFileChecksum(long crcState, LtxTrailer trailer, long trailerAt, String name)
      throws CorruptLtxException {
    long computed = ~crcState | Checksums.FLAG;
    if (computed != trailer.fileChecksum()) {
      throw new CorruptLtxException(
          name,
          trailerAt + 8,
          "file checksum is "
              + Txid.format(trailer.fileChecksum())
              + ", the content gives "
              + Txid.format(computed));
    }
  }

  /** What opening a file finds. */
  private static final class Opened {
    final LtxHeader header;
    final LtxTrailer trailer;
    final PageIndex index;
    final long crcStateAfterHeader;
    final long crcAfterPages;
    final long lengthAfterPages;

    Opened(LtxSource source, String name) throws IOException {
      long size = source.size();
      int headLength = (int) Math.min(size, TAIL_READ);
      ByteBuffer head = read(source, 0, size <= TAIL_READ ? headLength : LtxHeader.SIZE);
      if (head.remaining() < LtxHeader.SIZE) {
        throw tooShort(name, size);
      }
      crcStateAfterHeader = Crc64.updateState(Crc64.INITIAL_STATE, head, 0, LtxHeader.SIZE);
      header = parseHeader(head, name);
      if (size < MIN_SIZE) {
        throw tooShort(name, size);
      }
      head.position(0);
      ByteBuffer tail = size <= TAIL_READ ? head : read(source, size - TAIL_READ, TAIL_READ);
      long tailStart = size - tail.limit();

      long lengthAt = size - TAIL;
      long length = tail.getLong((int) (lengthAt - tailStart));
      long start = lengthAt - length;
      long framesEnd = start - PageFrame.HEADER;
      if (length < 1 || framesEnd < LtxHeader.SIZE || start > lengthAt) {
        throw corrupt(
            name,
            lengthAt,
            "length of the page index is %s bytes in a file of %,d",
            Long.toUnsignedString(length),
            size);
      }
      if (length > Integer.MAX_VALUE - 64) {
        throw corrupt(name, lengthAt, "page index takes %,d bytes, supported are 2 GiB", length);
      }
      if (framesEnd < tailStart) {
        tail = read(source, framesEnd, (int) (size - framesEnd));
        tailStart = framesEnd;
      }
      int from = (int) (framesEnd - tailStart);
      if (tail.getInt(from) != 0 || tail.getShort(from + 4) != 0) {
        throw corrupt(name, framesEnd, "no mark after the last page, where the page index begins");
      }
      tail.limit((int) (lengthAt - tailStart)).position(from + PageFrame.HEADER);
      index = PageIndex.parse(tail, header, start, framesEnd, name);
      tail.clear();
      lengthAfterPages = size - 8 - framesEnd;
      crcAfterPages = ~Crc64.updateState(Crc64.INITIAL_STATE, tail, from, (int) lengthAfterPages);
      trailer = LtxTrailer.parse(tail.position((int) (size - LtxTrailer.SIZE - tailStart)));
      checkTrailer(header, trailer, size - LtxTrailer.SIZE, name);
    }

    private static ByteBuffer read(LtxSource source, long offset, int length) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(length);
      source.readFully(offset, bytes);
      return bytes.flip();
    }

    private static CorruptLtxException tooShort(String name, long size) {
      return corrupt(name, size, "file ends after %,d bytes, the shortest has %,d", size, MIN_SIZE);
    }

    private static CorruptLtxException corrupt(
        String name, long offset, String format, Object... arguments) {
      return new CorruptLtxException(name, offset, String.format(Locale.ROOT, format, arguments));
    }
  }
}
