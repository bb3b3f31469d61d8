package dev.sluice.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The store could not do it now and may be able to later: the operation can be repeated. Whether a
 * put or delete happened is unknown.
 */
public final class StoreUnavailableException extends IOException {
  private static final long serialVersionUID = 1;

  public StoreUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
