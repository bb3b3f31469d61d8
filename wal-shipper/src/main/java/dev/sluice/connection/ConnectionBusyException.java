package dev.sluice.connection;

import java.io.IOException;
import java.nio.file.Path;

/** An application held a lock for longer than the writer may wait. Nothing was changed. */
public final class ConnectionBusyException extends IOException {
  private static final long serialVersionUID = 1;

  ConnectionBusyException(Path file, String lock, int waitedMillis) {
    super(
        file
            + ": waited "
            + waitedMillis
            + " ms for "
            + lock
            + ", held by another connection to the database");
  }
}
