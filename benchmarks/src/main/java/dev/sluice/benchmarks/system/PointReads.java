package dev.sluice.benchmarks.system;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** One row by its key, each read a transaction of its own; all of the database is cached. */
final class PointReads implements Workload {
  private static final int ROWS = 10_000;

  private final Connection connection;
  private final PreparedStatement select;
  private long random = 0x9e3779b97f4a7c15L;

  PointReads(Path directory, String journalMode) throws SQLException {
    connection =
        Workload.open(directory.resolve("reads-" + journalMode + ".db"), journalMode, "NORMAL");
    BulkInsert.insert(connection, "t", ROWS);
    select = connection.prepareStatement("SELECT v FROM t WHERE id=?");
  }

  @Override
  public Round round(long nanos) throws SQLException {
    long started = System.nanoTime();
    long operations = 0;
    long taken;
    do {
      random ^= random << 13;
      random ^= random >>> 7;
      random ^= random << 17;
      select.setInt(1, 1 + (int) ((random >>> 33) % ROWS));
      try (ResultSet row = select.executeQuery()) {
        if (!row.next() || row.getString(1).length() != Commits.ROW.length()) {
          throw new SQLException("a row is missing");
        }
      }
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
