package dev.sluice.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A complete store in memory. */
public final class InMemoryStore implements ObjectStore {
  private static final class Stored {
    final ObjectInfo info;
    final byte[] bytes;

    Stored(ObjectInfo info, byte[] bytes) {
      this.info = info;
      this.bytes = bytes;
    }
  }

  private final ConcurrentSkipListMap<String, Stored> objects =
      new ConcurrentSkipListMap<>(Keys.ORDER);
  private final AtomicLong versions = new AtomicLong();
  private final Clock clock;

  public InMemoryStore() {
    this(Clock.systemUTC());
  }

  public InMemoryStore(Clock clock) {
    this.clock = clock;
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    return Optional.ofNullable(objects.get(Keys.check(key))).map(stored -> stored.info);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    Stored stored = objects.get(Keys.check(key));
    if (stored == null) {
      throw new ObjectNotFoundException(this, key);
    }
    int length = (int) range.lengthWithin(stored.bytes.length);
    int from = (int) Math.min(range.offset(), stored.bytes.length);
    return new ByteArrayInputStream(stored.bytes, from, length);
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    Keys.checkMetadata(metadata);
    byte[] bytes;
    try (InputStream in = content.open()) {
      bytes = in.readAllBytes();
    }
    if (bytes.length != content.sizeBytes()) {
      throw new IOException("content is not as long as announced");
    }
    Instant time =
        Optional.ofNullable(metadata.get(TIMESTAMP)).map(Instant::parse).orElseGet(clock::instant);
    Etag etag = new Etag("v" + versions.incrementAndGet());
    Stored fresh = new Stored(new ObjectInfo(key, bytes.length, time, etag, metadata), bytes);
    Stored kept =
        objects.compute(
            Keys.check(key),
            (k, old) ->
                condition.allows(Optional.ofNullable(old).map(s -> s.info.etag())) ? fresh : old);
    if (kept == null || !kept.info.etag().equals(etag)) {
      throw new PreconditionFailedException(this, key, condition);
    }
    return etag;
  }

  /** Changes bytes of an object behind the store's back. */
  public void damage(String key, UnaryOperator<byte[]> change) {
    objects.computeIfPresent(
        key,
        (k, old) -> {
          byte[] bytes = change.apply(Arrays.copyOf(old.bytes, old.bytes.length));
          ObjectInfo info = old.info;
          return new Stored(
              new ObjectInfo(key, bytes.length, info.lastModified(), info.etag(), info.metadata()),
              bytes);
        });
  }

  @Override
  public boolean checksConditions() {
    return true;
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) {
    return objects.tailMap(startAfter, false).values().stream()
        .map(s -> s.info.withoutMetadata())
        .filter(info -> info.key().startsWith(prefix));
  }

  @Override
  public void delete(Collection<String> keys) {
    keys.forEach(key -> objects.remove(Keys.check(key)));
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "memory";
  }
}
