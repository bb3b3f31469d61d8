package dev.sluice.lease;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectNotFoundException;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A register that is an object of a store with conditional puts. Values that are written must all
 * differ, because the etag of an object may be made of its content.
 */
public final class StoreRegister implements Register {
  private static final int MAX_BYTES = 64 << 10;

  private final ObjectStore store;
  private final String key;
  private final String name;

  /**
   * @param store closed with this
   * @param key of the object
   * @param name of the place, without secrets
   */
  public StoreRegister(ObjectStore store, String key, String name) {
    this.store = store;
    this.key = key;
    this.name = name;
  }

  @Override
  public Optional<Versioned> read() throws IOException {
    // The etag first: of a value written in between, a write with the older etag fails.
    Optional<ObjectInfo> there = store.head(key);
    if (there.isEmpty()) {
      return Optional.empty();
    }
    try (InputStream in = store.get(key, ByteRange.ALL)) {
      return Optional.of(new Versioned(in.readNBytes(MAX_BYTES), there.get().etag().value()));
    } catch (ObjectNotFoundException e) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<String> write(byte[] value, @Nullable Versioned before) throws IOException {
    PutCondition condition =
        before == null ? PutCondition.IF_ABSENT : PutCondition.ifMatch(new Etag(before.version()));
    try {
      return Optional.of(store.put(key, ByteSource.of(value), Map.of(), condition).value());
    } catch (PreconditionFailedException e) {
      return Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
