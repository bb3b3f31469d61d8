package dev.sluice.store;

import java.io.IOException;

/** There is no object under a key. */
public final class ObjectNotFoundException extends IOException {
  private static final long serialVersionUID = 1;

  public ObjectNotFoundException(ObjectStore store, String key) {
    super(store + ": no object '" + key + "'");
  }
}
