package dev.sluice.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Bytes under keys. Strongly consistent listing is not assumed; conditional puts are.
 *
 * <p>A key is relative, its segments separated by {@code /}; see {@link Keys}. An object is whole
 * or absent: a reader never sees part of a put. Implementations are safe for use by many threads,
 * and {@code toString()} names the store without secrets, for messages.
 *
 * <p>All operations throw {@link StoreUnavailableException} for failures that may pass (a time-out,
 * a server error, a full disk), after which a put may or may not have happened; and {@link
 * IllegalArgumentException} for a malformed key.
 */
public interface ObjectStore extends AutoCloseable {
  /**
   * Metadata that holds the time of the content, RFC 3339 with up to nanoseconds, as Litestream
   * writes it. A store that shows a file's time by its modification time sets that from it.
   */
  String TIMESTAMP = "litestream-timestamp";

  /** The object with its metadata; empty when there is none. */
  Optional<ObjectInfo> head(String key) throws IOException;

  /**
   * The bytes of an object within a range; those of the range that lie beyond its end are left out.
   *
   * @throws ObjectNotFoundException if there is no such object
   */
  InputStream get(String key, ByteRange range) throws IOException;

  /**
   * Fills the buffer with the bytes of an object from an offset.
   *
   * @throws ObjectNotFoundException if there is no such object
   * @throws EOFException if the object ends before the buffer is full
   */
  default void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    int wanted = buffer.remaining();
    try (InputStream in = get(key, new ByteRange(offset, wanted))) {
      byte[] chunk = new byte[Math.min(wanted, 1 << 16)];
      while (buffer.hasRemaining()) {
        int n = in.read(chunk, 0, Math.min(chunk.length, buffer.remaining()));
        if (n < 0) {
          throw endOfObject(key, offset, wanted, wanted - buffer.remaining());
        }
        buffer.put(chunk, 0, n);
      }
    }
  }

  /**
   * Stores an object, replacing an older one if the condition allows that. When this returns, the
   * object is durable.
   *
   * @param metadata names of lower-case letters, digits and {@code -}; values of printable ASCII; 2
   *     KiB together
   * @throws PreconditionFailedException if the condition does not hold; nothing was stored
   */
  Etag put(String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException;

  /**
   * Whether the condition of a put also holds against puts of others at the same moment. Asks
   * nothing: true of a server that has not been found to ignore conditions yet, which the first
   * conditional put that succeeds finds out.
   */
  default boolean checksConditions() {
    return false;
  }

  /**
   * Objects whose key begins with {@code prefix} (any text, also the beginning of a segment) and
   * comes after {@code startAfter} (empty: from the first), in the order of {@link Keys#ORDER}.
   * Metadata is left empty. Close the stream; reading it can throw {@link
   * java.io.UncheckedIOException}.
   */
  Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException;

  /** Deletes objects; those that do not exist are no error. */
  void delete(Collection<String> keys) throws IOException;

  @Override
  void close() throws IOException;

  /** The error of a {@link #readFully} that finds too few bytes. */
  static EOFException endOfObject(String key, long offset, int wanted, int got) {
    return new EOFException(
        String.format(
            "%s @%,d: %,d bytes wanted, the object ends after %,d", key, offset, wanted, got));
  }
}
