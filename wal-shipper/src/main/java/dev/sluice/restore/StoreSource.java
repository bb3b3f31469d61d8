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

  /** Opens a file, reading its header, page index and trailer. */
  static LtxFile open(ObjectStore store, StoredFile file) throws IOException {
    return LtxFile.open(new StoreSource(store, file), name(store, file));
  }

  /** As {@link #open}, to be read ahead. */
  static ReadAhead ahead(ObjectStore store, StoredFile file) {
    return new ReadAhead(new StoreSource(store, file));
  }

  /** Opens a small file, reading all of it at once. */
  static LtxFile openWhole(ObjectStore store, StoredFile file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
    store.readFully(file.key(), 0, bytes);
    return LtxFile.open(LtxSource.of(bytes.flip()), name(store, file));
  }

  static String name(ObjectStore store, StoredFile file) {
    return store + "/" + file.key();
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
