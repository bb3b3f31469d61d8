package dev.sluice.ship;

import dev.sluice.ltx.LtxSink;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;

/**
 * A file that is there, written from its beginning on. On a full disk its errors name it and say
 * what to do, which those of a Java channel don't. For one thread.
 */
final class TemporaryFile implements LtxSink, Closeable {
  private static final int BUFFER_BYTES = 64 << 10;

  private final NativeFile file;
  private long sizeBytes;

  TemporaryFile(Path path) throws IOException {
    file = NativeFile.open(path, Libc.O_RDWR);
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    int count = bytes.remaining();
    file.write(bytes, sizeBytes);
    sizeBytes += count;
  }

  /** Writes all that comes. */
  void copy(InputStream in) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    ReadableByteChannel from = Channels.newChannel(in);
    while (from.read(buffer.clear()) >= 0) {
      write(buffer.flip());
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
