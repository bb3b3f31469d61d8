package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A reader on a follower that keeps its snapshot for long. */
@Timeout(240)
class LongReaderTest {
  private static final String STATE = "SELECT count(*), sum(i), sum(length(v)), max(n) FROM t";

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private void write(String database, int transactions) throws Exception {
    Path script =
        Files.writeString(
            sandbox.path("write.py"),
            """
            import os, sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
            for n in range(int(sys.argv[2])):
                c.execute("UPDATE t SET v=?, n=n+1 WHERE i%50=?", (os.urandom(900), n % 50))
            """);
    sandbox.run("python3", script, sandbox.path("mnt").resolve(database), transactions);
  }

  private static String state(Statement reader) throws SQLException {
    try (ResultSet rows = reader.executeQuery(STATE)) {
      return SqliteFile.row(rows);
    }
  }

  @Test
  void keepsItsSnapshotWhileAllElseGoesOn() throws Exception {
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    for (String name : new String[] {"long.db", "other.db", "third.db"}) {
      sandbox.run(
          "sqlite3",
          sandbox.path("mnt").resolve(name),
          "PRAGMA journal_mode=wal; CREATE TABLE t(i INTEGER PRIMARY KEY, v, n);"
              + " WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM x WHERE i<200)"
              + " INSERT INTO t SELECT i, randomblob(900), 0 FROM x");
      sandbox.await(follower.url(), name, sandbox.position(name));
    }
    Path there = sandbox.path("mnt2").resolve("long.db");
    Path wal = sandbox.path("mnt2").resolve("long.db-wal");
    String snapshot;
    long held;
    try (Connection connection = SqliteFile.open(there);
        Statement reader = connection.createStatement()) {
      reader.execute("BEGIN");
      snapshot = state(reader);
      for (int round = 0; round < 3; round++) {
        write("long.db", 500);
        write("other.db", 200);
        write("third.db", 200);
        for (String name : new String[] {"other.db", "third.db", "long.db"}) {
          sandbox.await(follower.url(), name, sandbox.position(name));
        }
        assertThat(state(reader)).isEqualTo(snapshot);
        // Who comes now sees the newest state.
        assertThat(SqliteFile.query(there, STATE))
            .isEqualTo(SqliteFile.query(sandbox.path("mnt").resolve("long.db"), STATE))
            .isNotEqualTo(snapshot);
      }
      held = Files.size(wal);
      reader.execute("COMMIT");
    }
    // All of it was kept in the WAL for the reader; without it that begins anew, as often as it is
    // full.
    assertThat(held).isGreaterThan(1500L * 3 * 4096);
    write("long.db", 2000);
    sandbox.await(follower.url(), "long.db", sandbox.position("long.db"));
    assertThat(Files.size(wal)).isLessThan(held + 2000L * 4096);
    Copies.same(
        "the follower",
        SqliteFile.pages(sandbox.path("mnt").resolve("long.db")),
        SqliteFile.pages(there));
    assertThat(Files.size(sandbox.path("mnt2").resolve("other.db-wal")))
        .isLessThan(2000L * 5 * 4096);
    follower.stop();
    primary.stop();
  }
}
