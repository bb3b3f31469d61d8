package dev.sluice.monitor;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The body of a request, which fails when it goes on for too long. For one thread. */
final class BoundedBody extends FilterInputStream {
  private long left;

  BoundedBody(InputStream in, long maxBytes) {
    super(in);
    left = maxBytes;
  }

  /** Whether it went on for too long. */
  boolean isTooLarge() {
    return left < 0;
  }

  @Override
  public int read() throws IOException {
    int b = super.read();
    take(b < 0 ? 0 : 1);
    return b;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = super.read(target, offset, length);
    take(Math.max(0, n));
    return n;
  }

  private void take(int bytes) throws IOException {
    left -= bytes;
    if (left < 0) {
      throw new IOException("the body of the request is too large");
    }
  }
}
