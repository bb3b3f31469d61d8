package dev.sluice.fuse.binding;

import java.io.IOException;

/** A mount that could not be made; the message says what the user can do. */
public final class FuseException extends IOException {
  private static final long serialVersionUID = 1L;

  public FuseException(String message) {
    super(message);
  }

  public FuseException(String message, Throwable cause) {
    super(message, cause);
  }
}
