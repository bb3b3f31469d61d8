package dev.sluice.restore;

import java.io.IOException;

/** A restored database is what was backed up, but SQLite finds it damaged. */
public final class DamagedDatabaseException extends IOException {
  private static final long serialVersionUID = 1;

  public DamagedDatabaseException(String message) {
    super(message);
  }
}
