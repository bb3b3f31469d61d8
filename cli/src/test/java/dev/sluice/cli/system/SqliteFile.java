package dev.sluice.cli.system;

import dev.sluice.ltx.Checksums;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.sqlite.SQLiteConnection;

/** What a reader sees in a database file, its WAL included. */
final class SqliteFile {
  private SqliteFile() {}

  static Connection open(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout=30000");
    }
    return connection;
  }

  /** All pages as they are in the newest snapshot. */
  static byte[] pages(Path file) throws SQLException {
    try (Connection connection = open(file)) {
      byte[] pages = connection.unwrap(SQLiteConnection.class).serialize("main");
      return pages == null ? new byte[0] : pages;
    }
  }

  /** The first row of a query, its columns parted by bars; empty without a row. */
  static String query(Path file, String sql) throws SQLException {
    try (Connection connection = open(file);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? row(rows) : "";
    }
  }

  static String row(ResultSet rows) throws SQLException {
    List<String> values = new ArrayList<>();
    for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
      values.add(rows.getString(i));
    }
    return String.join("|", values);
  }

  /** The schema, and a digest of each table's rows. */
  static List<String> dump(Path file) throws Exception {
    List<String> dump = new ArrayList<>();
    try (Connection connection = open(file);
        Statement statement = connection.createStatement()) {
      List<String> tables = new ArrayList<>();
      try (ResultSet rows =
          statement.executeQuery("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")) {
        while (rows.next()) {
          dump.add(row(rows));
          if (rows.getString(1).equals("table")) {
            tables.add(rows.getString(2));
          }
        }
      }
      for (String table : tables) {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        int count = 0;
        try (ResultSet rows = rows(statement, table)) {
          for (; rows.next(); count++) {
            digest.update(row(rows).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            digest.update((byte) '\n');
          }
        }
        dump.add(table + ": " + count + " rows " + HexFormat.of().formatHex(digest.digest()));
      }
      for (String pragma : List.of("user_version", "page_size", "auto_vacuum")) {
        try (ResultSet rows = statement.executeQuery("PRAGMA " + pragma)) {
          dump.add(pragma + "=" + rows.getString(1));
        }
      }
    }
    return dump;
  }

  private static ResultSet rows(Statement statement, String table) throws SQLException {
    try {
      return statement.executeQuery("SELECT rowid, * FROM \"" + table + "\" ORDER BY rowid");
    } catch (SQLException withoutRowid) {
      return statement.executeQuery("SELECT * FROM \"" + table + "\" ORDER BY 1");
    }
  }

  /** The checksum of a database, computed from nothing but its pages. */
  static long checksum(byte[] pages) {
    if (pages.length == 0) {
      return Checksums.EMPTY;
    }
    int stored = ByteBuffer.wrap(pages).getChar(16);
    int pageSize = stored == 1 ? 65536 : stored;
    long xor = 0;
    for (int pgno = 1; (long) pgno * pageSize <= pages.length; pgno++) {
      if (pgno != Checksums.lockPage(pageSize)) {
        xor ^=
            Checksums.page(pgno, ByteBuffer.wrap(pages, (pgno - 1) * pageSize, pageSize).slice());
      }
    }
    return Checksums.database(xor);
  }

  /** The page in which two databases differ first, in words. */
  static String difference(byte[] expected, byte[] actual) {
    int stored = expected.length < 18 ? 1 : ByteBuffer.wrap(expected).getChar(16);
    int pageSize = stored == 1 ? 65536 : stored;
    int at = java.util.Arrays.mismatch(expected, actual);
    return at < 0
        ? "they are the same"
        : "of %d and %d bytes; page %d differs at 0x%x"
            .formatted(expected.length, actual.length, at / pageSize + 1, at % pageSize);
  }
}
