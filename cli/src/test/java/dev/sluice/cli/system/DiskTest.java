package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Errors that come from the disk below: it is full, or fails. A commit is then refused or wholly
 * there, the mount lives on, and when the disk is well again everything goes on and all copies are
 * the same.
 */
class DiskTest {
  private static final int SQLITE_IOERR = 10;
  private static final int SQLITE_FULL = 13;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /**
   * Wherever the room ends: in the WAL or journal, the database, the log, the page checksums. (With
   * journal_mode OFF SQLite itself leaves a database in pieces then.)
   */
  @ParameterizedTest
  @ValueSource(strings = {"tmpfs", "ext4"})
  void full(String kind) throws Exception {
    Path disk = SmallDisk.mount(sandbox, kind, "data", 12);
    SluiceProcess primary = sandbox.primary();
    Copies copies = new Copies(sandbox, primary, sandbox.follower(primary.url()));
    Set<Integer> answers = new TreeSet<>();
    for (String mode : new String[] {"wal", "delete", "truncate", "persist", "memory"}) {
      boolean journal = !mode.equals("memory");
      for (String synchronous : journal ? new String[] {"off", "full"} : new String[] {"full"}) {
        String name = mode + "-" + synchronous + ".db";
        try (Connection connection = SqliteFile.open(copies.mounted(name));
            Statement statement = connection.createStatement()) {
          statement.execute("PRAGMA page_size=512");
          statement.execute("PRAGMA journal_mode=" + mode);
          statement.execute("PRAGMA synchronous=" + synchronous);
          statement.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
          statement.execute("CREATE TABLE n(n)");
          statement.execute("INSERT INTO n VALUES(0)");
          copies.live(name);
          for (int free : new int[] {0, 8, 40, 90, 220, 300, 420}) {
            SmallDisk.fill(disk, free);
            String before = content(statement);
            int answer = insert(statement, 400);
            answers.add(answer);
            if (journal) {
              String after = content(statement);
              assertThat(after)
                  .as("%s with %d KiB, answered %d", name, free, answer)
                  .isEqualTo(answer == 0 ? grown(before) : before);
            }
            SmallDisk.empty(disk);
            statement.execute("DELETE FROM t WHERE i%3>0");
            copies.live(name);
          }
          if (journal) {
            assertThat(insert(statement, 50)).isZero();
            assertThat(SqliteFile.query(copies.mounted(name), "PRAGMA integrity_check"))
                .isEqualTo("ok");
          }
        }
        copies.all(name);
        // The next has the same room.
        Files.deleteIfExists(copies.mounted(name));
      }
    }
    assertThat(answers).contains(0, SQLITE_FULL).isSubsetOf(0, SQLITE_IOERR, SQLITE_FULL);
    assertThat(primary.err()).contains("a write was refused").contains("make room");
    assertThat(metrics(primary.url()))
        .containsPattern("sluice_database_commits_refused_total\\{.*\\.db.*");
  }

  /** A database that is not there yet, and one copied in. */
  @Test
  void fullForSomethingNew() throws Exception {
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "data", 8);
    SluiceProcess primary = sandbox.primary();
    Copies copies = new Copies(sandbox, primary, sandbox.follower(primary.url()));
    Path plain = sandbox.path("plain.db");
    sandbox.run("sqlite3", plain, "CREATE TABLE t(v); INSERT INTO t VALUES(zeroblob(200000))");
    for (int free : new int[] {0, 8, 16, 20, 24, 40}) {
      for (String mode : new String[] {"wal", "delete"}) {
        String name = mode + free + ".db";
        SmallDisk.fill(disk, free);
        Run run =
            Run.process(
                "sqlite3",
                copies.mounted(name),
                "PRAGMA journal_mode=" + mode + "; CREATE TABLE t(v); INSERT INTO t VALUES(1)");
        SmallDisk.empty(disk);
        if (run.status() != 0) {
          assertThat(run.err()).containsPattern("full|I/O error|unable to open");
        }
        sandbox.run(
            "sqlite3",
            copies.mounted(name),
            "CREATE TABLE IF NOT EXISTS u(v); INSERT INTO u VALUES(1)");
        copies.live(name);
      }
    }
    for (int free : new int[] {100, 200, 208, 216, 240}) {
      String name = "copied" + free + ".db";
      SmallDisk.fill(disk, free);
      Run run = Run.process("cp", plain, copies.mounted(name));
      Run settled = Run.process("sh", "-c", "sleep 0.3");
      assertThat(settled.status()).isZero();
      SmallDisk.empty(disk);
      if (run.status() != 0) {
        assertThat(run.err()).contains("No space left");
        Run.process("cp", plain, copies.mounted(name));
      }
      copies.live(name);
    }
  }

  /** The primary and its other followers don't notice. */
  @Test
  void fullOnAFollower() throws Exception {
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "data2", 8);
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    Copies copies = new Copies(sandbox, primary, follower);
    for (String mode : new String[] {"wal", "delete"}) {
      String name = mode + ".db";
      try (Connection connection = SqliteFile.open(copies.mounted(name));
          Statement statement = connection.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + mode);
        statement.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
        statement.execute("CREATE TABLE n(n)");
        statement.execute("INSERT INTO n VALUES(0)");
        copies.live(name);
        for (int free : new int[] {0, 60, 150, 400}) {
          SmallDisk.fill(disk, free);
          for (int i = 0; i < 5; i++) {
            assertThat(insert(statement, 200)).isZero();
          }
          TimeUnit.MILLISECONDS.sleep(300);
          assertThat(SqliteFile.query(copies.followed(name), "PRAGMA integrity_check"))
              .isEqualTo("ok");
          SmallDisk.empty(disk);
          copies.live(name);
        }
        copies.all(name);
      }
    }
    assertThat(follower.process().isAlive()).isTrue();
  }

  /** Shipping waits; applications don't. */
  @Test
  void fullStore() throws Exception {
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "store", 4);
    SluiceProcess primary = sandbox.primary();
    Copies copies = new Copies(sandbox, primary, sandbox.follower(primary.url()));
    Path file = copies.mounted("a.db");
    sandbox.run("sqlite3", file, "CREATE TABLE t(v); INSERT INTO t VALUES(1)");
    copies.all("a.db");
    SmallDisk.fill(disk, 4);
    for (int i = 0; i < 5; i++) {
      sandbox.run("sqlite3", file, "INSERT INTO t VALUES(hex(randomblob(30000)))");
    }
    copies.live("a.db");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!primary.err().contains("a.db: not shipped")) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(50);
    }
    SmallDisk.empty(disk);
    copies.all("a.db");
  }

  /** Writes that the disk takes and fails to keep: an error comes at an fsync. */
  @Test
  void failingSyncs() throws Exception {
    Path below = SmallDisk.mount(sandbox, "tmpfs", "below", 6);
    Path disk = SmallDisk.loop(sandbox, "ext2", below.resolve("image"), "data", 64);
    SluiceProcess primary = sandbox.primary();
    Copies copies = new Copies(sandbox, primary, sandbox.follower(primary.url()));
    Set<Integer> answers = new TreeSet<>();
    for (String mode : new String[] {"wal", "delete", "truncate", "persist"}) {
      String name = mode + ".db";
      try (Connection connection = SqliteFile.open(copies.mounted(name));
          Statement statement = connection.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + mode);
        statement.execute("PRAGMA synchronous=FULL");
        statement.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
        statement.execute("CREATE TABLE n(n)");
        statement.execute("INSERT INTO n VALUES(0)");
        for (int free : new int[] {0, 40, 120, 250}) {
          SmallDisk.fill(below, free);
          String before = content(statement);
          int answer = insert(statement, 200);
          answers.add(answer);
          SmallDisk.empty(below);
          if (answer == 0) {
            assertThat(content(statement)).isEqualTo(grown(before));
          } else {
            assertThat(content(statement)).isIn(before, grown(before));
          }
          // Takes back what was cut before the sync failed, if it was.
          statement.execute("DELETE FROM t WHERE i%3>0");
          statement.execute("INSERT INTO t(v) VALUES(" + free + ")");
          copies.live(name);
        }
      }
      copies.all(name);
    }
    assertThat(Files.exists(disk)).isTrue();
    assertThat(answers).contains(SQLITE_IOERR).isSubsetOf(0, SQLITE_IOERR, SQLITE_FULL);
  }

  /** Every write behind a place in a file fails with an error that is none of a full disk. */
  @Test
  void failingWrites() throws Exception {
    assumeTrue(Run.find("prlimit").isPresent(), "there is no prlimit");
    SluiceProcess primary = sandbox.primary();
    Copies copies = new Copies(sandbox, primary, sandbox.follower(primary.url()));
    Set<Integer> answers = new TreeSet<>();
    for (String mode : new String[] {"wal", "delete", "truncate", "persist"}) {
      for (String synchronous : new String[] {"off", "full"}) {
        String name = mode + "-" + synchronous + ".db";
        try (Connection connection = SqliteFile.open(copies.mounted(name));
            Statement statement = connection.createStatement()) {
          statement.execute("PRAGMA journal_mode=" + mode);
          statement.execute("PRAGMA synchronous=" + synchronous);
          statement.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
          statement.execute("CREATE TABLE n(n)");
          statement.execute("INSERT INTO n VALUES(0)");
          // The log becomes the largest of the files.
          for (int i = 0; i < 12; i++) {
            assertThat(insert(statement, 200)).isZero();
            statement.execute("DELETE FROM t WHERE i>20");
          }
          statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
          for (int limit : new int[] {1, 30_000, 150_000, 400_000}) {
            limit(primary, String.valueOf(limit));
            String before = content(statement);
            int answer = insert(statement, 40);
            answers.add(answer);
            limit(primary, "unlimited");
            assertThat(content(statement))
                .as("%s up to %d, answered %d", name, limit, answer)
                .isEqualTo(answer == 0 ? grown(before) : before);
            statement.execute("UPDATE t SET v='next' WHERE i=1");
            copies.live(name);
          }
        }
        copies.all(name);
      }
    }
    assertThat(answers).contains(SQLITE_IOERR).isSubsetOf(0, SQLITE_IOERR);
    assertThat(primary.err()).contains("wal-full.db: a write was refused");
  }

  private void limit(SluiceProcess process, String bytes) throws Exception {
    // The soft limit: the hard one could not be raised again.
    sandbox.run("prlimit", "--pid", process.process().pid(), "--fsize=" + bytes + ":");
  }

  /** The result code; a transaction that is still open is rolled back. */
  private static int insert(Statement statement, int rows) throws SQLException {
    try {
      statement.execute("BEGIN IMMEDIATE");
      statement.execute("UPDATE n SET n=n+1");
      statement.execute(
          "INSERT INTO t(v) WITH RECURSIVE i(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM i WHERE i<"
              + rows
              + ") SELECT hex(randomblob(220)) FROM i");
      statement.execute("COMMIT");
      return 0;
    } catch (SQLException e) {
      try {
        statement.execute("ROLLBACK");
      } catch (SQLException alreadyDone) {
        // SQLite has rolled back by itself.
      }
      return e.getErrorCode() & 0xff;
    }
  }

  private static String content(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery("SELECT n FROM n")) {
      return row.next() ? row.getString(1) : "";
    }
  }

  private static String grown(String before) {
    return String.valueOf(Integer.parseInt(before) + 1);
  }

  private static String metrics(String url) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/metrics")).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }
}
