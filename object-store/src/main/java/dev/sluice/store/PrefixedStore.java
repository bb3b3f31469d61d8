package dev.sluice.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The part of a store below a key prefix, as a store of its own. */
public final class PrefixedStore implements ObjectStore {
  private final ObjectStore store;
  private final String prefix;

  /**
   * @param prefix a key; what is below it are the objects of this store
   */
  public PrefixedStore(ObjectStore store, String prefix) {
    this.store = store;
    this.prefix = Keys.check(prefix) + "/";
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    return store.head(outer(key)).map(this::inner);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    return store.get(outer(key), range);
  }

  @Override
  public void readFully(String key, long offset, ByteBuffer buffer) throws IOException {
    store.readFully(outer(key), offset, buffer);
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    return store.put(outer(key), content, metadata, condition);
  }

  @Override
  public boolean checksConditions() {
    return store.checksConditions();
  }

  @Override
  public Stream<ObjectInfo> list(String keyPrefix, String startAfter) throws IOException {
    return store
        .list(prefix + keyPrefix, startAfter.isEmpty() ? "" : prefix + startAfter)
        .map(this::inner);
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    store.delete(keys.stream().map(this::outer).toList());
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return store + "/" + prefix.substring(0, prefix.length() - 1);
  }

  private String outer(String key) {
    return prefix + Keys.check(key);
  }

  private ObjectInfo inner(ObjectInfo info) {
    return info.withKey(info.key().substring(prefix.length()));
  }
}
