package dev.sluice.ship;

import dev.sluice.ltx.LtxSource;
import dev.sluice.store.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** What an {@link LtxSource} has, as a store takes it. */
record SourceBytes(LtxSource source) implements ByteSource {
  private static final int BUFFER_BYTES = 256 << 10;

  @Override
  public long sizeBytes() {
    return source.size();
  }

  @Override
  public InputStream open() {
    return new Stream(new Channel(source));
  }

  @Override
  public ReadableByteChannel openChannel() {
    return new Channel(source);
  }

  /** One thread at a time. */
  private static final class Channel implements ReadableByteChannel {
    private final LtxSource source;
    private long at;

    Channel(LtxSource source) {
      this.source = source;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      int length = (int) Math.min(target.remaining(), source.size() - at);
      if (length == 0) {
        return target.hasRemaining() ? -1 : 0;
      }
      int limit = target.limit();
      source.readFully(at, target.limit(target.position() + length));
      target.limit(limit);
      at += length;
      return length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** One thread at a time. */
  private static final class Stream extends InputStream {
    private final Channel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

    Stream(Channel channel) {
      this.channel = channel;
    }

    private boolean fill() throws IOException {
      if (!buffer.hasRemaining()) {
        channel.read(buffer.clear());
        buffer.flip();
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
      int buffered = (int) Math.max(0, Math.min(count, buffer.remaining()));
      buffer.position(buffer.position() + buffered);
      long further = Math.max(0, Math.min(count - buffered, channel.source.size() - channel.at));
      channel.at += further;
      return buffered + further;
    }
  }
}
