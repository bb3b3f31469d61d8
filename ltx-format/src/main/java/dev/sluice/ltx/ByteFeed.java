package dev.sluice.ltx;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Locale;

/** The bytes of a file from first to last, through a window. One thread at a time. */
final class ByteFeed {
  /** Holds the largest page frame there is, and more. */
  private static final int WINDOW = 256 << 10;

  /** Where bytes come from: fills some of the buffer, or returns false at the end. */
  interface Filler {
    boolean fill(ByteBuffer target) throws IOException;
  }

  private final Filler filler;
  private final String name;
  private final ByteBuffer window;
  private long windowStart;

  private ByteFeed(Filler filler, String name, int capacity) {
    this.filler = filler;
    this.name = name;
    window = ByteBuffer.allocateDirect(capacity).limit(0);
  }

  static ByteFeed of(InputStream in, String name) {
    byte[] chunk = new byte[64 << 10];
    return new ByteFeed(
        target -> {
          int n = in.read(chunk, 0, Math.min(chunk.length, target.remaining()));
          if (n > 0) {
            target.put(chunk, 0, n);
          }
          return n >= 0;
        },
        name,
        WINDOW);
  }

  static ByteFeed of(LtxSource source, String name) {
    long[] offset = {0};
    return new ByteFeed(
        target -> {
          int n = (int) Math.min(target.remaining(), source.size() - offset[0]);
          if (n > 0) {
            int limit = target.limit();
            source.readFully(offset[0], target.limit(target.position() + n));
            target.limit(limit);
            offset[0] += n;
          }
          return n > 0;
        },
        name,
        // One byte more than the file, so that its end is found without moving the window.
        (int) Math.min(WINDOW, Math.max(source.size() + 1, LtxHeader.SIZE)));
  }

  /** The bytes read ahead, from its position on. */
  ByteBuffer window() {
    return window;
  }

  /** Offset in the file of the window's position. */
  long offset() {
    return windowStart + window.position();
  }

  /**
   * Has at least {@code length} bytes in the window.
   *
   * @throws CorruptLtxException when the file ends before that
   */
  void require(int length, String what) throws IOException {
    if (!has(length)) {
      throw new CorruptLtxException(
          name,
          offset(),
          String.format(
              Locale.ROOT,
              "file ends after %,d of the %,d bytes of %s",
              window.remaining(),
              length,
              what));
    }
  }

  /** True when at least {@code length} bytes follow; they are then in the window. */
  boolean has(int length) throws IOException {
    if (window.remaining() >= length) {
      return true;
    }
    if (window.capacity() - window.position() < length) {
      windowStart += window.position();
      window.compact().flip();
    }
    while (window.remaining() < length) {
      if (window.capacity() - window.position() < length) {
        return false;
      }
      int position = window.position();
      window.position(window.limit()).limit(window.capacity());
      boolean more = filler.fill(window);
      window.limit(window.position()).position(position);
      if (!more) {
        return false;
      }
    }
    return true;
  }
}
