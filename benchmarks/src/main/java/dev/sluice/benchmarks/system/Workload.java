package dev.sluice.benchmarks.system;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Something an application does with a database of its own, in rounds. For one thread. */
interface Workload extends AutoCloseable {
  /** How much was done, and in which time. */
  record Round(long operations, long nanos) {
    double perSecond() {
      return operations * 1e9 / nanos;
    }
  }

  /** Makes a workload in a directory. */
  @FunctionalInterface
  interface Factory {
    Workload in(Path directory) throws SQLException;
  }

  /** Works for about {@code nanos}, or once when it can't be divided. */
  Round round(long nanos) throws SQLException;

  @Override
  void close() throws SQLException;

  /** Opens a database and makes it an empty one with a table {@code t}. */
  static Connection open(Path file, String journalMode, String synchronous) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=" + journalMode);
      statement.execute("PRAGMA synchronous=" + synchronous);
      statement.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
    }
    return connection;
  }
}
