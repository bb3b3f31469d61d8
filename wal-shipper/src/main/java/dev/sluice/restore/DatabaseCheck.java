package dev.sluice.restore;

import java.io.IOException;
import java.nio.file.Path;

/** Looks at a restored database as SQLite would. */
@FunctionalInterface
public interface DatabaseCheck {
  /** Everything is well. */
  DatabaseCheck NONE = database -> {};

  /**
   * Checks a database that nobody else uses, without changing it or its directory.
   *
   * @throws DamagedDatabaseException saying what is wrong with it
   */
  void check(Path database) throws IOException;
}
