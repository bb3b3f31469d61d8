package dev.sluice.ltx;

import java.io.IOException;
import java.io.InputStream;
import net.jpountz.lz4.LZ4FrameInputStream;

/**
 * LZ4 frames outside of LTX files: what Litestream 0.3 compressed its snapshots and WAL segments
 * with.
 */
public final class Lz4Frames {
  private Lz4Frames() {}

  /** The content of consecutive LZ4 frames. Closing it closes {@code frames}. */
  public static InputStream decompress(InputStream frames) throws IOException {
    return new LZ4FrameInputStream(frames);
  }
}
