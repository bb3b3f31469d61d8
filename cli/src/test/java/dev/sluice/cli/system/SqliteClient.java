package dev.sluice.cli.system;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Several connections to one database, used in turn by one thread, without a busy timeout: the same
 * statements give the same answers every time, also those that say that the database is locked.
 */
interface SqliteClient extends AutoCloseable {
  void open(int connection) throws Exception;

  void close(int connection) throws Exception;

  /** Gives the first row, or the kind of error. */
  String execute(int connection, String sql) throws Exception;

  @Override
  void close() throws IOException, SQLException;

  /** SQLite as sqlite-jdbc brings it along, in this JVM. */
  final class Jdbc implements SqliteClient {
    private final Path file;
    private final Map<Integer, Connection> connections = new TreeMap<>();

    Jdbc(Path file) {
      this.file = file;
    }

    @Override
    public void open(int connection) throws SQLException {
      Connection opened = DriverManager.getConnection("jdbc:sqlite:" + file);
      connections.put(connection, opened);
      execute(connection, "PRAGMA busy_timeout=0");
    }

    @Override
    public void close(int connection) throws SQLException {
      Objects.requireNonNull(connections.remove(connection)).close();
    }

    @Override
    public String execute(int connection, String sql) throws SQLException {
      try (Statement statement =
          Objects.requireNonNull(connections.get(connection)).createStatement()) {
        if (!statement.execute(sql)) {
          return "";
        }
        try (ResultSet rows = statement.getResultSet()) {
          String first = rows.next() ? SqliteFile.row(rows) : "";
          while (rows.next()) {}
          return first;
        }
      } catch (SQLException e) {
        return "error " + e.getErrorCode();
      }
    }

    @Override
    public void close() throws SQLException {
      for (Connection connection : connections.values()) {
        connection.close();
      }
      connections.clear();
    }
  }

  /** SQLite as the system's Python has it, which is often an older one, in a process of its own. */
  final class Python implements SqliteClient {
    private final Subprocess process;

    Python(Sandbox sandbox, Path file) throws IOException {
      process = sandbox.python("statements.py", file);
    }

    @Override
    public void open(int connection) throws Exception {
      ask("open", connection, "");
    }

    @Override
    public void close(int connection) throws Exception {
      ask("close", connection, "");
    }

    @Override
    public String execute(int connection, String sql) throws Exception {
      return ask("sql", connection, sql);
    }

    /** Holds the SHARED lock, as a connection that is being opened, until this is closed. */
    void share() throws Exception {
      ask("share", 0, "");
    }

    void kill() throws InterruptedException {
      process.kill();
    }

    private String ask(String what, int connection, String sql) throws Exception {
      process.send(what + "\t" + connection + "\t" + sql);
      return process.nextLine();
    }

    @Override
    public void close() throws IOException {
      process.process().getOutputStream().close();
      try {
        process.status();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }
}
