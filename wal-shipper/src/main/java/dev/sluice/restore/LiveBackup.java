package dev.sluice.restore;

import dev.sluice.store.ObjectNotFoundException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reading backups that are in use. Stateless. */
final class LiveBackup {
  private static final Logger log = LoggerFactory.getLogger(LiveBackup.class);

  private static final int TRIES = 5;

  private LiveBackup() {}

  /** Lists a backup, and reads what is listed. */
  interface Reading<T> {
    T read() throws IOException;
  }

  /**
   * Reads a backup anew when a file is gone that was listed: it was merged or has expired since,
   * and a new listing has what took its place.
   */
  static <T> T read(Reading<T> reading) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return reading.read();
      } catch (ObjectNotFoundException e) {
        if (attempt == TRIES) {
          throw e;
        }
        log.debug("gone since it was listed", e);
      }
    }
  }
}
