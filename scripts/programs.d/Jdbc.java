import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/** sqlite-jdbc, and its online backup. */
public final class Jdbc {
  private Jdbc() {}

  public static void main(String[] args) throws Exception {
    String who = args[2];
    int count = Integer.parseInt(args[3]);
    try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + args[0]);
        Statement statement = db.createStatement()) {
      statement.execute("PRAGMA busy_timeout=60000");
      statement.execute("PRAGMA journal_mode=" + args[1]);
      statement.execute(
          "CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))");
      for (int n = 1; n <= count; n++) {
        statement.execute("BEGIN IMMEDIATE");
        statement.execute("INSERT INTO t VALUES('" + who + "', " + n + ", hex(randomblob(300)))");
        statement.execute("COMMIT");
        if (n == count / 2) {
          statement.executeUpdate("backup to '" + args[4] + "'");
        }
        try (ResultSet row =
            statement.executeQuery("SELECT count(*) FROM t WHERE who = '" + who + "'")) {
          if (!row.next() || row.getInt(1) != n) {
            throw new AssertionError("read " + row.getInt(1) + " after " + n);
          }
        }
      }
      statement.execute("VACUUM");
    }
    System.out.println("t " + count);
  }
}
