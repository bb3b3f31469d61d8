package dev.sluice.ltx;

import java.io.EOFException;
import java.nio.ByteBuffer;

/** Bytes in memory. */
final class BufferSource implements LtxSource {
  private final ByteBuffer bytes;

  /** All of {@code bytes} from its start to its limit; its position is never moved. */
  BufferSource(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  @Override
  public long size() {
    return bytes.limit();
  }

  @Override
  public void readFully(long offset, ByteBuffer target) throws EOFException {
    int length = target.remaining();
    if (offset < 0 || offset > bytes.limit() - length) {
      throw new EOFException(length + " bytes at " + offset + " of " + bytes.limit());
    }
    target.put(target.position(), bytes, (int) offset, length);
    target.position(target.position() + length);
  }

  @Override
  public void close() {}
}
