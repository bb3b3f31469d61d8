package dev.sluice.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Bytes of a known number that can be read again and again, because a put may have to be repeated.
 */
public interface ByteSource {
  /** Number of bytes; every stream of {@link #open} has exactly these. */
  long sizeBytes();

  /** A new stream over all bytes. */
  InputStream open() throws IOException;

  /** As {@link #open}, for whoever has a direct buffer. */
  default ReadableByteChannel openChannel() throws IOException {
    return Channels.newChannel(open());
  }

  /**
   * A file that has these bytes and nothing else and is never written again, if there is one: a
   * store in the same file system may take it over by a link instead of copying it.
   */
  default Optional<Path> file() {
    return Optional.empty();
  }

  /** The bytes of an array, which must not change. */
  static ByteSource of(byte[] bytes) {
    return of(ByteBuffer.wrap(bytes));
  }

  /** The remaining bytes of a buffer, which must not change; its position stays. */
  static ByteSource of(ByteBuffer buffer) {
    ByteBuffer bytes = buffer.slice();
    return new ByteSource() {
      @Override
      public long sizeBytes() {
        return bytes.remaining();
      }

      @Override
      public InputStream open() {
        if (bytes.hasArray()) {
          return new ByteArrayInputStream(bytes.array(), bytes.arrayOffset(), bytes.remaining());
        }
        return new ByteBufferInputStream(bytes.duplicate());
      }
    };
  }

  /** The bytes of a file, which must not change meanwhile; its size is taken now. */
  static ByteSource of(Path file) throws IOException {
    return new FileBytes(file, Files.size(file), Optional.empty());
  }

  /** The bytes of a file that is never written again, only deleted; see {@link #file}. */
  static ByteSource ofFinal(Path file) throws IOException {
    return new FileBytes(file, Files.size(file), Optional.of(file));
  }
}
