package dev.sluice.ship;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Passes everything on, after a hook. */
abstract class ForwardingStore implements ObjectStore {
  private final ObjectStore store;

  ForwardingStore(ObjectStore store) {
    this.store = store;
  }

  protected abstract void before() throws IOException;

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    before();
    return store.head(key);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    before();
    return store.get(key, range);
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    before();
    return store.put(key, content, metadata, condition);
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    before();
    return store.list(prefix, startAfter);
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    before();
    store.delete(keys);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
