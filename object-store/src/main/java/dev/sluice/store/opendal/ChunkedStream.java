package dev.sluice.store.opendal;

import java.io.IOException;
import java.io.InputStream;

/** Bytes that are fetched a chunk at a time. */
final class ChunkedStream extends InputStream {
  /** Fetches bytes. */
  interface Source {
    byte[] read(long offset, long count) throws IOException;
  }

  private static final int CHUNK_BYTES = 4 << 20;

  private final long length;
  private final Source source;
  private long fetched;
  private byte[] chunk = new byte[0];
  private int position;

  ChunkedStream(long length, Source source) {
    this.length = length;
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    return fill() ? chunk[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int n = Math.min(count, chunk.length - position);
    System.arraycopy(chunk, position, bytes, offset, n);
    position += n;
    return n;
  }

  /** False at the end. */
  private boolean fill() throws IOException {
    if (position < chunk.length) {
      return true;
    }
    if (fetched == length) {
      return false;
    }
    chunk = source.read(fetched, Math.min(CHUNK_BYTES, length - fetched));
    position = 0;
    if (chunk.length == 0) {
      throw new IOException("the object has become shorter while it was read");
    }
    fetched += chunk.length;
    return true;
  }
}
