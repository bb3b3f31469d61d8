package dev.sluice.cli;

import dev.sluice.restore.DamagedDatabaseException;
import dev.sluice.restore.DatabaseCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** SQLite's {@code PRAGMA integrity_check}. */
final class SqliteCheck implements DatabaseCheck {
  @Override
  public void check(Path database) throws IOException {
    // Immutable: no lock is taken and no -wal or -shm is made, also where the file says WAL mode.
    String url = "jdbc:sqlite:file:" + database.toUri().getRawPath() + "?immutable=1";
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA integrity_check(1)")) {
      String result = rows.next() ? rows.getString(1) : "no answer";
      if (!result.equals("ok")) {
        throw damaged(result);
      }
    } catch (SQLException e) {
      throw damaged(String.valueOf(e.getMessage()));
    }
  }

  private static DamagedDatabaseException damaged(String what) {
    return new DamagedDatabaseException(
        "the restored database has the checksums it should have, but SQLite finds it damaged: "
            + what
            + "; it was so when it was backed up: restore an earlier moment, or take it as it is"
            + " with --integrity-check quick and repair it");
  }
}
