package dev.sluice.restore;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A store in which something happens just after one listing, which does not show all. */
public final class RacingStore implements ObjectStore {
  private final ObjectStore store;
  private final Predicate<String> notYetListed;
  private final Runnable race;
  private int toPass;

  /** Of the first listing. */
  public RacingStore(ObjectStore store, Predicate<String> notYetListed, Runnable race) {
    this(store, 0, notYetListed, race);
  }

  /** Of that after {@code toPass} others. */
  public RacingStore(ObjectStore store, int toPass, Predicate<String> notYetListed, Runnable race) {
    this.store = store;
    this.toPass = toPass;
    this.notYetListed = notYetListed;
    this.race = race;
  }

  @Override
  public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
    if (toPass-- != 0) {
      return store.list(prefix, startAfter);
    }
    try (Stream<ObjectInfo> listed = store.list(prefix, startAfter)) {
      List<ObjectInfo> objects = listed.filter(info -> !notYetListed.test(info.key())).toList();
      race.run();
      return objects.stream();
    }
  }

  @Override
  public Optional<ObjectInfo> head(String key) throws IOException {
    return store.head(key);
  }

  @Override
  public InputStream get(String key, ByteRange range) throws IOException {
    return store.get(key, range);
  }

  @Override
  public Etag put(
      String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
      throws IOException {
    return store.put(key, content, metadata, condition);
  }

  @Override
  public void delete(Collection<String> keys) throws IOException {
    store.delete(keys);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
