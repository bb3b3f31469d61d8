package dev.sluice.store.s3;

import java.io.IOException;

/** The server says that it has no such operation, or not with a header that it was given. */
final class NotImplementedException extends IOException {
  private static final long serialVersionUID = 1;

  NotImplementedException(String message, Throwable cause) {
    super(message, cause);
  }
}
