package dev.sluice.restore;

import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxSource;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An LTX file in a store, read by ranges. Safe for use by many threads. */
final class StoreSource implements LtxSource {
  private final ObjectStore store;
  private final String key;
  private final long sizeBytes;

  private StoreSource(ObjectStore store, StoredFile file) {
    this.store = store;
    this.key = file.key();
    this.sizeBytes = file.sizeBytes();
  }

  /** Reads header, index and trailer of a file. */
  static LtxFile open(ObjectStore store, StoredFile file) throws IOException {
    return LtxFile.open(new StoreSource(store, file), store + "/" + file.key());
  }

  @Override
  public long size() {
    return sizeBytes;
  }

  @Override
  public void readFully(long offset, ByteBuffer target) throws IOException {
    store.readFully(key, offset, target);
  }

  @Override
  public void close() {}
}
