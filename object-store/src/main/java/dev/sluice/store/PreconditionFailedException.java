package dev.sluice.store;

import java.io.IOException;

/**
 * A put found that its condition does not hold: somebody else wrote the key. Nothing was stored.
 */
public final class PreconditionFailedException extends IOException {
  private static final long serialVersionUID = 1;

  public PreconditionFailedException(ObjectStore store, String key, PutCondition condition) {
    super(store + ": '" + key + "' not stored, the condition does not hold: " + condition);
  }
}
