package dev.sluice.benchmarks.system;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** 100,000 rows of some 100 bytes in one transaction, each round into a table of its own. */
final class BulkInsert implements Workload {
  private static final int ROWS = 100_000;

  private final Connection connection;
  private int rounds;

  BulkInsert(Path directory) throws SQLException {
    connection = Workload.open(directory.resolve("bulk.db"), "WAL", "NORMAL");
  }

  @Override
  public Round round(long nanos) throws SQLException {
    String table = "bulk" + rounds++;
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE " + table + "(id INTEGER PRIMARY KEY, v TEXT)");
    }
    long started = System.nanoTime();
    insert(connection, table, ROWS);
    return new Round(ROWS, System.nanoTime() - started);
  }

  static void insert(Connection connection, String table, int rows) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO " + table + "(v) VALUES(?)")) {
      insert.setString(1, Commits.ROW);
      for (int i = 0; i < rows; i++) {
        insert.executeUpdate();
      }
      connection.commit();
    }
    connection.setAutoCommit(true);
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
