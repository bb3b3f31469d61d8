package dev.sluice.ltx;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * The bytes of a file from first to last, through a window that grows with what is asked of it. One
 * thread at a time.
 */
final class ByteFeed {
  /** More than the largest page frame there is. */
  private static final int MAX_WINDOW = 256 << 10;

  private static final int MIN_WINDOW = 8 << 10;

  /** Where bytes come from: fills some of the buffer, or returns false at the end. */
  private interface Filler {
    boolean fill(ByteBuffer target) throws IOException;
  }

  private final Filler filler;
  private final String name;
  private final boolean direct;
  private ByteBuffer window;
  private long windowStart;

  private ByteFeed(Filler filler, String name, boolean direct, int capacity) {
    this.filler = filler;
    this.name = name;
    this.direct = direct;
    window = allocate(capacity).limit(0);
  }

  static ByteFeed of(InputStream in, String name) {
    return new ByteFeed(
        target -> {
          int at = target.arrayOffset() + target.position();
          int n = in.read(target.array(), at, target.remaining());
          target.position(target.position() + Math.max(n, 0));
          return n >= 0;
        },
        name,
        false,
        MIN_WINDOW);
  }

  static ByteFeed of(LtxSource source, String name) {
    long[] offset = {0};
    // One byte more than the file, so that its end is found without moving the window.
    int capacity = (int) Math.min(MAX_WINDOW, Math.max(source.size() + 1, LtxHeader.SIZE));
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
        capacity > MIN_WINDOW,
        capacity);
  }

  /** The bytes read ahead, from its position on. Another buffer after each call that reads more. */
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
      move(length);
    }
    while (window.remaining() < length) {
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

  /** Moves what is left to the start of the window, of a larger one while the file goes on. */
  private void move(int length) {
    windowStart += window.position();
    int wanted = Math.max(length, Math.min(2 * window.capacity(), MAX_WINDOW));
    window =
        wanted > window.capacity() ? allocate(wanted).put(window).flip() : window.compact().flip();
  }

  private ByteBuffer allocate(int capacity) {
    return direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
  }
}
