package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes LTX files, one after another, page by page.
 *
 * <pre>
 *   start(header) ──► page(pgno, data)* ──► finish(checksum)
 * </pre>
 *
 * <p>Made for the path of a commit: once its buffers have grown to what files need, it allocates
 * nothing per page, and a small file reaches its sink in a single write. One thread at a time; a
 * {@code start} drops a file left unfinished.
 */
public final class LtxEncoder {
  private static final int MIN_BUFFER = 16 << 10;
  private static final int MAX_BUFFER = 256 << 10;

  private final PageOrder order = new PageOrder();
  private final IndexBytes index = new IndexBytes();
  private ByteBuffer out = ByteBuffer.allocateDirect(MIN_BUFFER);
  private @Nullable ByteBuffer copy;

  private @Nullable LtxHeader header;
  private LtxSink sink = bytes -> {};
  private long flushed;
  private long crcState;
  private long fileChecksum;

  /** An encoder without a file. */
  public LtxEncoder() {}

  /** Begins a file. */
  public void start(LtxHeader header, LtxSink sink) {
    this.header = header;
    this.sink = sink;
    flushed = 0;
    index.clear();
    order.start(header);
    out.clear();
    header.writeTo(out);
    crcState = Crc64.updateState(Crc64.INITIAL_STATE, out, 0, LtxHeader.SIZE);
  }

  /**
   * Adds a page: the remaining bytes of {@code data}, which are not consumed. A direct buffer is
   * compressed where it is, and so is a heap buffer with an accessible array.
   *
   * @throws IllegalArgumentException when the page has not the file's page size, or may not come
   *     after the one before
   * @throws IllegalStateException when no file was started
   */
  public void page(int pgno, ByteBuffer data) throws IOException {
    int pageSize = started().pageSize();
    if (data.remaining() != pageSize) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "page %,d has %,d bytes, page size is %,d",
              pgno,
              data.remaining(),
              pageSize));
    }
    String problem = order.next(pgno);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    ensure(PageFrame.maxLength(pageSize));
    ByteBuffer page = accessible(data);
    int at = out.position();
    int length = Lz4.compress(page, page.position(), pageSize, out, at + PageFrame.SIZED_HEADER);
    out.putInt(pgno).putShort((short) PageFrame.SIZED).putInt(length);
    crcState = Crc64.updateState(crcState, out, at, PageFrame.SIZED_HEADER);
    crcState = Crc64.updateState(crcState, page, page.position(), pageSize);
    index.add(pgno, flushed + at, PageFrame.SIZED_HEADER + length);
    out.position(at + PageFrame.SIZED_HEADER + length);
  }

  /**
   * Ends the file and hands the rest of it to the sink.
   *
   * @param postApplyChecksum the database checksum after the last transaction; 0 with the
   *     NoChecksum flag
   * @throws IllegalArgumentException when the checksum does not fit the header
   * @throws IllegalStateException when no file was started, or a snapshot lacks pages
   */
  public LtxTrailer finish(long postApplyChecksum) throws IOException {
    String problem = started().postApplyProblem(postApplyChecksum);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    problem = order.end();
    if (problem != null) {
      throw new IllegalStateException(problem);
    }
    ensure(PageFrame.HEADER);
    int at = out.position();
    out.putInt(0).putShort((short) 0);
    crcState = Crc64.updateState(crcState, out, at, PageFrame.HEADER);
    index.end();
    crcState = Crc64.updateState(crcState, index.array(), 0, index.length());
    putIndex();
    ensure(LtxTrailer.SIZE);
    out.putLong(postApplyChecksum);
    crcState = Crc64.updateState(crcState, out, out.position() - 8, 8);
    fileChecksum = ~crcState | Checksums.FLAG;
    out.putLong(fileChecksum);
    flush();
    header = null;
    return new LtxTrailer(postApplyChecksum, fileChecksum);
  }

  /** Size in bytes of the file so far; after {@link #finish}, of the whole file. */
  public long sizeBytes() {
    return flushed + out.position();
  }

  /** The file checksum of the last finished file. */
  public long fileChecksum() {
    return fileChecksum;
  }

  private LtxHeader started() {
    if (header == null) {
      throw new IllegalStateException("no file was started");
    }
    return header;
  }

  private void putIndex() throws IOException {
    for (int done = 0; done < index.length(); ) {
      ensure(1);
      int length = Math.min(out.remaining(), index.length() - done);
      out.put(index.array(), done, length);
      done += length;
    }
  }

  /** {@code data} or, when neither its address nor its array can be had, a copy of it. */
  private ByteBuffer accessible(ByteBuffer data) {
    if (data.isDirect() || data.hasArray()) {
      return data;
    }
    if (copy == null || copy.capacity() < data.remaining()) {
      copy = ByteBuffer.allocateDirect(data.remaining());
    }
    return copy.clear().put(data.duplicate()).flip();
  }

  /** Makes room for {@code length} bytes: a larger buffer while that is allowed, else a write. */
  private void ensure(int length) throws IOException {
    if (out.remaining() >= length) {
      return;
    }
    int wanted = out.position() + length;
    if (wanted > MAX_BUFFER) {
      flush();
      wanted = length;
    }
    if (wanted > out.capacity()) {
      int capacity = Math.max(Integer.highestOneBit(wanted - 1) * 2, MIN_BUFFER);
      out = ByteBuffer.allocateDirect(capacity).put(out.flip());
    }
  }

  private void flush() throws IOException {
    flushed += out.position();
    out.flip();
    sink.write(out);
    out.clear();
  }
}
