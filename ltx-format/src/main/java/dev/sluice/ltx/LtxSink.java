package dev.sluice.ltx;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the bytes of an LTX file, from its first to its last. Called by one thread at a time. */
@FunctionalInterface
public interface LtxSink {
  /**
   * Takes all of {@code bytes}, a direct buffer, from its position to its limit. It is reused after
   * the call and must not be kept.
   */
  void write(ByteBuffer bytes) throws IOException;
}
