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
 *
 * <p>A server may ignore conditions without a word. So before its first write this tries one that
 * must fail, and if that doesn't, nothing can be read or written here any more.
 */
public final class StoreRegister implements Register {
  private static final int MAX_BYTES = 64 << 10;

  /** As an MD5 looks, but of nothing that will ever be there. */
  private static final PutCondition NEVER = PutCondition.ifMatch(new Etag("0".repeat(32)));

  private final ObjectStore store;
  private final String key;
  private final String name;

  /** Whether a server has been found to check If-Match. */
  private volatile boolean isTried;

  private volatile boolean isUnfit;

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
    refuseIfUnfit();
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
    refuseIfUnfit();
    if (!isTried) {
      tryCondition(value);
    }
    PutCondition condition =
        before == null ? PutCondition.IF_ABSENT : PutCondition.ifMatch(new Etag(before.version()));
    try {
      Etag etag = store.put(key, ByteSource.of(value), Map.of(), condition);
      // The store itself finds out about If-None-Match, at its first put.
      refuseIfUnfit();
      return Optional.of(etag.value());
    } catch (PreconditionFailedException e) {
      return Optional.empty();
    }
  }

  private void tryCondition(byte[] value) throws IOException {
    try {
      store.put(key, ByteSource.of(value), Map.of(), NEVER);
      isUnfit = true;
    } catch (PreconditionFailedException e) {
      isTried = true;
    }
    refuseIfUnfit();
  }

  private void refuseIfUnfit() throws IOException {
    if (isUnfit || !store.checksConditions()) {
      throw new IOException(
          name
              + ": the store does not check conditions of puts (If-Match and If-None-Match), so two"
              + " nodes could hold a lease in it at once; keep the lease elsewhere: in a bucket at"
              + " Amazon S3 or another server that checks them, or in etcd");
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
