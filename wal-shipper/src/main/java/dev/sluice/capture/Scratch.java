package dev.sluice.capture;

import dev.sluice.sqlite.PageSize;
import dev.sluice.sqlite.WalFrameHeader;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What a thread needs while it looks at writes; one per thread, so that thousands of databases
 * share it.
 */
final class Scratch {
  private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(Scratch::new);

  /** Room for a page of any size, with the header of a frame. */
  final ByteBuffer page = ByteBuffer.allocateDirect(WalFrameHeader.SIZE + PageSize.MAX);

  /** Page number in the upper half, frame in the lower. */
  long[] frames = new long[256];

  int[] pages = new int[256];

  static Scratch get() {
    return LOCAL.get();
  }

  void ensure(int count) {
    if (frames.length < count) {
      int length = Math.max(count, frames.length * 2);
      frames = Arrays.copyOf(frames, length);
      pages = new int[length];
    }
  }
}
