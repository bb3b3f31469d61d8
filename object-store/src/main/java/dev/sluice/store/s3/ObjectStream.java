package dev.sluice.store.s3;

import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * The content of an object as it arrives. One that ends early is an error, and one that is closed
 * early takes its connection along if much is left, instead of reading the rest.
 */
final class ObjectStream extends InputStream {
  /** Hears once how reading ended. */
  interface End {
    void told(long bytes, @Nullable IOException error);
  }

  /** Reading this much is quicker than a new connection. */
  private static final long WORTH_READING_BYTES = 64 << 10;

  private final ResponseInputStream<?> in;
  private final long length;
  private final String doing;
  private final End end;
  private long bytes;
  private boolean isTold;

  ObjectStream(ResponseInputStream<?> in, long length, String doing, End end) {
    this.in = in;
    this.length = length;
    this.doing = doing;
    this.end = end;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    int n;
    try {
      n = in.read(buffer, offset, count);
    } catch (IOException | SdkException e) {
      throw failed(new StoreUnavailableException(doing + ": " + S3Errors.reason(e), e));
    }
    if (n < 0 && bytes < length && length != Long.MAX_VALUE) {
      throw failed(
          new StoreUnavailableException(
              String.format("%s: ended after %,d of %,d bytes", doing, bytes, length), null));
    }
    bytes += Math.max(0, n);
    return n;
  }

  private IOException failed(IOException error) {
    tell(error);
    return error;
  }

  private void tell(@Nullable IOException error) {
    if (!isTold) {
      isTold = true;
      end.told(bytes, error);
    }
  }

  @Override
  public void close() throws IOException {
    tell(null);
    if (length - bytes > WORTH_READING_BYTES) {
      in.abort();
    } else {
      try {
        in.close();
      } catch (IOException e) {
        in.abort();
      }
    }
  }
}
