package dev.sluice.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads a file by position; {@code FileChannel::read} is one. */
@FunctionalInterface
public interface ReadAt {
  /**
   * Reads up to {@code target.remaining()} bytes from {@code position} of the file.
   *
   * @return the number of bytes read; 0 or less at the end of the file
   */
  int read(ByteBuffer target, long position) throws IOException;

  /** Reads until {@code target} is full or the file ends. Returns the number of bytes read. */
  default int readFully(ByteBuffer target, long position) throws IOException {
    int start = target.position();
    while (target.hasRemaining()) {
      if (read(target, position + target.position() - start) <= 0) {
        break;
      }
    }
    return target.position() - start;
  }
}
