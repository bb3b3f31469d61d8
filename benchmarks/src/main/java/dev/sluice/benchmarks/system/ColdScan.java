package dev.sluice.benchmarks.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Reads all of a database of which the system has nothing in memory; an operation is a row of 1,000
 * bytes. Needs root, to empty the system's cache before each round.
 */
final class ColdScan implements Workload {
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");
  private static final int ROWS = 150_000;

  private final Path file;

  ColdScan(Path directory) throws SQLException {
    file = directory.resolve("scan.db");
    try (Connection connection = Workload.open(file, "WAL", "NORMAL");
        Statement statement = connection.createStatement()) {
      statement.execute(
          "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<"
              + ROWS
              + ") INSERT INTO t(v) SELECT hex(zeroblob(500)) FROM n");
      statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  }

  static boolean isPossible() {
    return Files.isWritable(DROP_CACHES);
  }

  @Override
  public Round round(long nanos) throws SQLException {
    try {
      Files.writeString(DROP_CACHES, "3");
    } catch (IOException e) {
      throw new SQLException("cannot empty the system's cache", e);
    }
    long started = System.nanoTime();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement();
        ResultSet sum = statement.executeQuery("SELECT sum(length(v)) FROM t")) {
      if (!sum.next() || sum.getLong(1) != ROWS * 1000L) {
        throw new SQLException("rows are missing");
      }
    }
    return new Round(ROWS, System.nanoTime() - started);
  }

  @Override
  public void close() {}
}
