package dev.sluice.restore;

import dev.sluice.ltx.LtxFile;
import dev.sluice.store.ObjectStore;
import java.io.IOException;

/** Looks into the page index of a file. */
final class WholeDatabaseProbe implements RestorePlan.Probe {
  private final ObjectStore store;

  WholeDatabaseProbe(ObjectStore store) {
    this.store = store;
  }

  @Override
  public boolean holdsWholeDatabase(StoredFile file) throws IOException {
    try (LtxFile ltx = StoreSource.open(store, file)) {
      return ltx.isWhole();
    }
  }
}
