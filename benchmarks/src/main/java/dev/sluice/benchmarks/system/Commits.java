package dev.sluice.benchmarks.system;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** One row of some 100 bytes in each transaction. */
final class Commits implements Workload {
  static final String ROW = "x".repeat(100);

  private final Connection connection;
  private final PreparedStatement insert;

  Commits(Path directory, String journalMode, String synchronous) throws SQLException {
    connection =
        Workload.open(
            directory.resolve("commits-" + journalMode + "-" + synchronous + ".db"),
            journalMode,
            synchronous);
    insert = connection.prepareStatement("INSERT INTO t(v) VALUES(?)");
    insert.setString(1, ROW);
  }

  @Override
  public Round round(long nanos) throws SQLException {
    long started = System.nanoTime();
    long operations = 0;
    long taken;
    do {
      insert.executeUpdate();
      operations++;
      taken = System.nanoTime() - started;
    } while (taken < nanos);
    return new Round(operations, taken);
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
