package dev.sluice.apply;

import java.io.IOException;
import java.nio.file.Path;

/** An application held a lock for longer than the writer may wait. Nothing was changed. */
public final class ReplicaBusyException extends IOException {
  private static final long serialVersionUID = 1;

  ReplicaBusyException(Path file, String lock, int waitedMillis) {
    super(
        file
            + ": waited "
            + waitedMillis
            + " ms for "
            + lock
            + ", held by another connection to the database");
  }
}
