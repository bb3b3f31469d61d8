package dev.sluice.ltx;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads an LTX file from its first byte to its last, one page at a time, and checks all of it.
 *
 * <pre>{@code
 * try (LtxDecoder file = LtxDecoder.open(in, "app.db 0000…12-0000…12.ltx")) {
 *   while (file.next()) {
 *     apply(file.pgno(), file.page());
 *   }
 *   file.trailer();
 * }
 * }</pre>
 *
 * <p>Only when {@link #next} has returned false is the file known to be whole: that last call reads
 * the page index and the trailer and verifies the file checksum. One thread at a time.
 */
public final class LtxDecoder implements Closeable {
  private final String name;
  private final ByteFeed feed;
  private final Closeable source;
  private final LtxHeader header;
  private final FrameDecoder frames;
  private final PageOrder order = new PageOrder();
  private final IndexBytes index = new IndexBytes();
  private final ByteBuffer page;
  private long crcState;

  /** Of the checksums of the pages so far; kept for snapshots only. */
  private long xor;

  private int pgno;
  private @Nullable LtxTrailer trailer;

  private LtxDecoder(ByteFeed feed, String name, Closeable source) throws IOException {
    this.feed = feed;
    this.name = name;
    this.source = source;
    feed.require(LtxHeader.SIZE, "the header");
    ByteBuffer window = feed.window();
    crcState = Crc64.updateState(Crc64.INITIAL_STATE, window, window.position(), LtxHeader.SIZE);
    header = LtxFile.parseHeader(window, name);
    frames = new FrameDecoder(name, header.pageSize());
    order.start(header);
    page = ByteBuffer.allocateDirect(header.pageSize());
  }

  /**
   * Reads the header. What the file is read from is closed with the decoder, and when opening
   * fails.
   *
   * @param name of the file in errors, as the user knows it
   * @throws CorruptLtxException when it is no header of an LTX file of version 3
   */
  public static LtxDecoder open(InputStream in, String name) throws IOException {
    return open(ByteFeed.of(in, name), name, in);
  }

  /**
   * Reads the header. What the file is read from is closed with the decoder, and when opening
   * fails.
   *
   * @param name of the file in errors, as the user knows it
   * @throws CorruptLtxException when it is no header of an LTX file of version 3
   */
  public static LtxDecoder open(LtxSource source, String name) throws IOException {
    return open(ByteFeed.of(source, name), name, source);
  }

  private static LtxDecoder open(ByteFeed feed, String name, Closeable source) throws IOException {
    try {
      return new LtxDecoder(feed, name, source);
    } catch (IOException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  /** The header. */
  public LtxHeader header() {
    return header;
  }

  /**
   * Goes to the next page. At the end of the pages reads the rest of the file.
   *
   * @return false when there are no more pages and the whole file has been verified
   * @throws CorruptLtxException naming the offset of what is wrong
   */
  public boolean next() throws IOException {
    if (trailer != null) {
      return false;
    }
    long offset = feed.offset();
    feed.require(PageFrame.HEADER, "a page header");
    ByteBuffer window = feed.window();
    int number = window.getInt(window.position());
    if (number == 0) {
      pgno = 0;
      finish();
      return false;
    }
    int size = frameSize(number, offset);
    window = feed.window();
    String problem = order.next(number);
    if (problem != null) {
      throw new CorruptLtxException(name, offset, problem);
    }
    int prefix = frames.decode(window, window.position(), size, offset, number, page, 0);
    long start = Crc64.updateState(crcState, window, window.position(), prefix);
    crcState = Crc64.updateState(start, page, 0, header.pageSize());
    if (header.isSnapshot()) {
      xor ^= Checksums.page(number, header.pageSize(), start, crcState);
    }
    index.add(number, offset, size);
    window.position(window.position() + size);
    page.clear();
    pgno = number;
    return true;
  }

  /** The number of the page {@link #next} went to. */
  public int pgno() {
    if (pgno == 0) {
      throw new IllegalStateException("not at a page");
    }
    return pgno;
  }

  /**
   * The content of the page {@link #next} went to, in a direct buffer that the next call reuses.
   */
  public ByteBuffer page() {
    pgno();
    return page;
  }

  /** The trailer, once {@link #next} has returned false. */
  public LtxTrailer trailer() {
    if (trailer == null) {
      throw new IllegalStateException("the file has not been read to its end");
    }
    return trailer;
  }

  /** Closes what the file is read from. */
  @Override
  public void close() throws IOException {
    source.close();
  }

  /** Has the frame at the feed's position in its window and returns its size in bytes. */
  private int frameSize(int number, long offset) throws IOException {
    ByteBuffer window = feed.window();
    int flags = frames.flags(window, window.position(), offset, number);
    if (flags == PageFrame.SIZED) {
      feed.require(PageFrame.SIZED_HEADER, "a page header");
      window = feed.window();
      int length = frames.blockLength(window, window.position(), offset, number);
      feed.require(PageFrame.SIZED_HEADER + length, "a page");
      return PageFrame.SIZED_HEADER + length;
    }
    int max = PageFrame.maxLength(header.pageSize()) - PageFrame.HEADER;
    int known = 0;
    try {
      while (true) {
        int length = Lz4Frame.length(window, window.position() + PageFrame.HEADER, known, max);
        if (length <= known) {
          return PageFrame.HEADER + length;
        }
        feed.require(PageFrame.HEADER + length, "a page");
        window = feed.window();
        known = length;
      }
    } catch (Lz4Frame.Malformed e) {
      throw frames.malformed(offset, number, e);
    }
  }

  private void finish() throws IOException {
    ByteBuffer window = feed.window();
    long end = feed.offset();
    if (window.getShort(window.position() + 4) != 0) {
      throw new CorruptLtxException(name, end + 4, "the mark after the last page has flags");
    }
    String problem = order.end();
    if (problem != null) {
      throw new CorruptLtxException(name, end, problem);
    }
    take(PageFrame.HEADER);
    matchIndex();
    feed.require(LtxTrailer.SIZE, "the trailer");
    window = feed.window();
    long trailerAt = feed.offset();
    crcState = Crc64.updateState(crcState, window, window.position(), 8);
    LtxTrailer read = LtxTrailer.parse(window);
    LtxFile.checkTrailer(header, read, trailerAt, name);
    LtxFile.checkFileChecksum(crcState, read, trailerAt, name);
    if (header.isSnapshot()) {
      LtxFile.checkDatabaseChecksum(header, read, xor, trailerAt, name);
    }
    if (feed.has(1)) {
      throw new CorruptLtxException(name, feed.offset(), "bytes follow the trailer");
    }
    trailer = read;
  }

  /** Compares the page index with the one that the pages read so far must have. */
  private void matchIndex() throws IOException {
    index.end();
    byte[] expected = index.array();
    for (int done = 0; done < index.length(); ) {
      feed.require(1, "the page index");
      ByteBuffer window = feed.window();
      int length = Math.min(window.remaining(), index.length() - done);
      byte[] found = new byte[length];
      window.get(window.position(), found);
      int differs = Arrays.mismatch(found, 0, length, expected, done, done + length);
      if (differs >= 0) {
        throw new CorruptLtxException(
            name, feed.offset() + differs, index.describe(done + differs));
      }
      take(length);
      done += length;
    }
  }

  private void take(int length) {
    ByteBuffer window = feed.window();
    crcState = Crc64.updateState(crcState, window, window.position(), length);
    window.position(window.position() + length);
  }
}
