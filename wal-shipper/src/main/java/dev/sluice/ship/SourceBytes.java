package dev.sluice.ship;

import dev.sluice.ltx.LtxSource;
import dev.sluice.store.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** What an {@link LtxSource} has, as a store takes it. */
record SourceBytes(LtxSource source) implements ByteSource {
  private static final int BUFFER_BYTES = 256 << 10;

  @Override
  public long sizeBytes() {
    return source.size();
  }

  @Override
  public InputStream open() {
    return new Stream(source);
  }

  /** One thread at a time. */
  private static final class Stream extends InputStream {
    private final LtxSource source;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

    /** Of the source, behind what is in the buffer. */
    private long at;

    Stream(LtxSource source) {
      this.source = source;
    }

    private boolean fill() throws IOException {
      if (!buffer.hasRemaining()) {
        int length = (int) Math.min(buffer.capacity(), source.size() - at);
        source.readFully(at, buffer.clear().limit(length));
        buffer.flip();
        at += length;
      }
      return buffer.hasRemaining();
    }

    @Override
    public int read() throws IOException {
      return fill() ? buffer.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int n = Math.min(count, buffer.remaining());
      buffer.get(bytes, from, n);
      return n;
    }

    @Override
    public long skip(long count) {
      long buffered = Math.max(0, Math.min(count, buffer.remaining()));
      buffer.position(buffer.position() + (int) buffered);
      long further = Math.max(0, Math.min(count - buffered, source.size() - at));
      if (!buffer.hasRemaining()) {
        at += further;
        return buffered + further;
      }
      return buffered;
    }
  }
}
