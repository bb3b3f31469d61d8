package dev.sluice.restore;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** All bytes of an object; when reading fails it goes on from there, some times. */
final class RepeatedStream extends InputStream {
  /** In a row, without a byte between them. */
  private static final int TRIES = 5;

  private final ObjectStore store;
  private final String key;
  private @Nullable InputStream in;
  private long offset;

  RepeatedStream(ObjectStore store, String key) {
    this.store = store;
    this.key = key;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        InputStream open = in;
        if (open == null) {
          open = store.get(key, ByteRange.from(offset));
          in = open;
        }
        int n = open.read(bytes, from, length);
        offset += Math.max(0, n);
        return n;
      } catch (StoreUnavailableException e) {
        close();
        if (tries == TRIES) {
          throw e;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    InputStream open = in;
    in = null;
    if (open != null) {
      open.close();
    }
  }
}
