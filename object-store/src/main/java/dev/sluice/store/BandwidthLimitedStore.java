package dev.sluice.store;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Sends and receives content no faster than allowed, all threads together. Put it directly around a
 * store, inside {@link RetryingStore}, so that repetitions count too. Requests themselves are not
 * counted, and content that a store reads more than once (to sign it, as S3 does over plain HTTP)
 * counts as often.
 */
public final class BandwidthLimitedStore implements ObjectStore {
  private final ObjectStore store;
  private final RateLimit up;
  private final RateLimit down;

  private BandwidthLimitedStore(ObjectStore store, RateLimit up, RateLimit down) {
    this.store = store;
    this.up = up;
    this.down = down;
  }

  /**
   * A store with limits; without any it is the store itself, which may have shorter ways than
   * streams.
   *
   * @param up for what is put
   * @param down for what is read
   */
  public static ObjectStore around(ObjectStore store, RateLimit up, RateLimit down) {
    return up == RateLimit.NONE && down == RateLimit.NONE
        ? store
        : new BandwidthLimitedStore(store, up, down);
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    return store.head(key);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    InputStream content = store.get(key, range);
    return down.isUnlimited() ? content : new LimitedStream(content, down);
  }

  @Override
  public void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    if (down.isUnlimited()) {
      store.readFully(key, offset, buffer);
    } else {
      ObjectStore.super.readFully(key, offset, buffer);
    }
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    return store.put(
        key, up.isUnlimited() ? content : new LimitedSource(content, up), metadata, condition);
  }

  @Override
  public boolean checksConditions() {
    return store.checksConditions();
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    return store.list(prefix, startAfter);
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    store.delete(keys);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return store.toString();
  }

  private record LimitedSource(ByteSource content, RateLimit limit) implements ByteSource {
    @Override
    public long sizeBytes() {
      return content.sizeBytes();
    }

    @Override
    public InputStream open() throws IOException {
      return new LimitedStream(content.open(), limit);
    }

    @Override
    public String toString() {
      return content.toString();
    }
  }

  /** What is skipped costs nothing. */
  private static final class LimitedStream extends FilterInputStream {
    private final RateLimit limit;

    LimitedStream(InputStream in, RateLimit limit) {
      super(in);
      this.limit = limit;
    }

    @Override
    public int read() throws IOException {
      limit.take(1);
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = in.read(bytes, offset, Math.min(length, limit.mostAtOnce()));
      if (n > 0) {
        limit.take(n);
      }
      return n;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
