package dev.sluice.restore;

import java.io.IOException;

/** A restored database is not the one whose checksum the store holds; it was discarded. */
public final class ChecksumMismatchException extends IOException {
  private static final long serialVersionUID = 1;

  ChecksumMismatchException(String message) {
    super(message);
  }
}
