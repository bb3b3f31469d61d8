package dev.sluice.fuse.binding;

import java.io.IOException;
import java.nio.file.Path;

/** A mount that could not be made; the message says what the user can do. */
public final class FuseException extends IOException {
  private static final long serialVersionUID = 1L;

  public FuseException(String message) {
    super(message);
  }

  public FuseException(String message, Throwable cause) {
    super(message, cause);
  }

  /** When libfuse did not mount and has said on standard error why. */
  static FuseException refused(Path mountPoint) {
    return new FuseException(
        "cannot mount at "
            + mountPoint
            + ": the kernel or fusermount refused (its message is above); check that the fuse3 package is"
            + " installed and that you may mount there");
  }
}
