package dev.sluice.store.s3;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What is to be put could not be read, or is not what was announced: no fault of the store. */
final class ContentException extends IOException {
  private static final long serialVersionUID = 1;

  ContentException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
