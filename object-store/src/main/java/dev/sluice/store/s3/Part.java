package dev.sluice.store.s3;

import dev.sluice.store.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.ContentStreamProvider;

/**
 * Some bytes of a content as the body of a request, read anew each time the SDK asks. Reading fails
 * with {@link ContentException} before the last byte is given out when the content is shorter or
 * longer than announced, so that no server stores it.
 */
final class Part implements ContentStreamProvider, AutoCloseable {
  private final ByteSource content;
  private final long offset;
  private final long length;
  private @Nullable InputStream current;

  Part(ByteSource content, long offset, long length) {
    this.content = content;
    this.offset = offset;
    this.length = length;
  }

  long length() {
    return length;
  }

  RequestBody body() {
    return RequestBody.fromContentProvider(this, length, "application/octet-stream");
  }

  @Override
  public InputStream newStream() {
    close();
    try {
      InputStream source = content.open();
      current = source;
      source.skipNBytes(offset);
      return new Exact(source);
    } catch (IOException e) {
      throw new UncheckedIOException(new ContentException("content: " + e.getMessage(), e));
    }
  }

  @Override
  public void close() {
    InputStream open = current;
    current = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final class Exact extends InputStream {
    private final InputStream source;
    private long left = length;

    Exact(InputStream source) {
      this.source = source;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      if (left == 0) {
        return -1;
      }
      int n;
      boolean atEnd = true;
      try {
        n = source.read(bytes, from, (int) Math.min(count, left));
        if (n == left && offset + length == content.sizeBytes()) {
          atEnd = source.read() < 0;
        }
      } catch (IOException e) {
        throw new ContentException("content: " + e.getMessage(), e);
      }
      if (n < 0 || !atEnd) {
        throw new ContentException(
            String.format(
                "the content has %s than the %,d bytes that were announced: did %s change?",
                n < 0 ? "less" : "more", content.sizeBytes(), content),
            null);
      }
      left -= n;
      return n;
    }
  }
}
