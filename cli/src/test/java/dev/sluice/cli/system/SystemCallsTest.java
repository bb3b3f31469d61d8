package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An application is killed before each of the system calls that its transactions are made of, while
 * another has the database open, and alone. The next one finds each transaction wholly or not at
 * all, and with the next commit all copies are the same.
 *
 * <p>With all tests some of the calls, with {@code SLUICE_CAMPAIGN} (scripts/campaign-syscalls)
 * every one.
 */
class SystemCallsTest {
  @RegisterExtension static final Sandbox sandbox = new Sandbox();

  private static final List<String> CALLS = List.of("pwrite64", "fdatasync", "unlink", "ftruncate");

  /** Locks, and what else comes between writes. */
  private static final List<String> MORE_CALLS = List.of("fcntl", "openat", "pread64", "close");

  /** Spills, checkpoints, and commits twice. */
  private static final String TRANSACTIONS =
      "PRAGMA cache_size=3; PRAGMA wal_autocheckpoint=12; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;"
          + " UPDATE c SET n=n+1; DELETE FROM t WHERE k<(SELECT n FROM c)-1;"
          + " INSERT INTO t WITH RECURSIVE i(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM i WHERE i<12)"
          + " SELECT n, hex(zeroblob(300))||n||'-'||i FROM i, c; UPDATE t SET v=v||k WHERE rowid%4=0;"
          + " COMMIT; UPDATE c SET m=m+1";

  private static Copies copies;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(Run.find("strace").isPresent(), "there is no strace");
    assumeTrue(
        Run.process("strace", "-o", "/dev/null", "true").status() == 0, "ptrace is refused here");
    copies = Copies.start(sandbox);
  }

  @ParameterizedTest
  @CsvSource({
    "wal, false", "wal, true", "delete, false", "delete, true",
    "truncate, false", "truncate, true", "persist, false", "persist, true"
  })
  void killedBeforeACall(String mode, boolean beside) throws Exception {
    boolean whole = Campaign.rounds(0) > 0;
    Random random = new Random(Campaign.seed());
    String name = mode + (beside ? "-beside" : "-alone") + ".db";
    Path file = copies.mounted(name);
    List<String> calls = new ArrayList<>(CALLS);
    if (whole) {
      calls.addAll(MORE_CALLS);
    }
    int kills = 0;
    prepare(mode, file);
    try (Connection other = beside ? SqliteFile.open(file) : null) {
      if (other != null) {
        check(other);
      }
      for (String call : calls) {
        int step = whole ? 1 : call.equals("pwrite64") ? 25 : 3;
        for (int n = 1 + random.nextInt(step); ; n += whole ? 1 : 1 + random.nextInt(2 * step)) {
          boolean died;
          try {
            died = kill(mode, file, call, n);
            if (other != null) {
              check(other);
            } else {
              try (Connection next = SqliteFile.open(file)) {
                check(next);
              }
            }
            copies.live(name);
          } catch (Exception | AssertionError e) {
            throw new AssertionError(
                "%s, killed before %s number %d: %s".formatted(name, call, n, e.getMessage()), e);
          }
          if (!died) {
            break;
          }
          kills++;
        }
      }
    }
    copies.all(name);
    System.out.println(name + ": killed before " + kills + " calls");
  }

  private static void prepare(String mode, Path file) throws SQLException {
    try (Connection connection = SqliteFile.open(file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA page_size=1024");
      statement.execute("PRAGMA journal_mode=" + mode);
      statement.execute("CREATE TABLE t(k, v)");
      statement.execute("CREATE TABLE c(n, m)");
      statement.execute("INSERT INTO c VALUES(0, 0)");
    }
  }

  /** False when the program has come to its end. */
  private static boolean kill(String mode, Path file, String call, int n) throws Exception {
    Subprocess shell =
        sandbox.keep(
            new Subprocess(
                "strace",
                sandbox.directory(),
                List.of(
                    "strace",
                    "-o",
                    "/dev/null",
                    "-e",
                    "trace=" + call,
                    "-e",
                    "inject=" + call + ":signal=KILL:when=" + n,
                    "sqlite3",
                    "-bail",
                    file.toString(),
                    "PRAGMA journal_mode=" + mode + "; " + TRANSACTIONS)));
    int status = shell.status();
    assertThat(status).as(shell.toString()).isIn(0, 128 + 9);
    sandbox.forget(shell);
    return status != 0;
  }

  private static void check(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      try (ResultSet row =
          statement.executeQuery(
              "SELECT n, m, (SELECT count(*) FROM t WHERE k=n), (SELECT count(*) FROM t) FROM c")) {
        row.next();
        int rows = row.getInt(1) == 0 ? 0 : 12;
        assertThat(row.getInt(3)).as("rows of the last transaction").isEqualTo(rows);
        assertThat(row.getInt(4)).isEqualTo(Math.min(row.getInt(1), 2) * 12);
      }
      // The next commit also takes back a transaction that was cut and never published.
      statement.execute("UPDATE c SET m=m+1");
    }
  }
}
