package dev.sluice.lease;

import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;

/** Opens registers by their URL. */
public final class Registers {
  private Registers() {}

  /** Opens the register at a URL. */
  public static Register open(String url) throws IOException {
    ObjectStore store = Stores.open(StoreUrl.parse(url));
    return new StoreRegister(store, "sluice-lease", store + "/sluice-lease");
  }
}
