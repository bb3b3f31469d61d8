package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.cli.system.Loads.Load;
import dev.sluice.ltx.Position;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * SQLite before 3.51 commits frames that its own recovery would not find. It is the system's
 * Python's here; a newer one has nothing to show.
 */
class UnsealedFramesTest {
  private static final Load LOAD = new Load("unsealed.db", "wal", "normal", 1);
  private static final String ACKNOWLEDGED = "SELECT count(*) FROM t WHERE v='acknowledged'";

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final Loads loads = new Loads(sandbox, LOAD);
  private String listen = "";
  private SluiceProcess primary;
  private Path file;
  private SqliteClient.Python client;

  @BeforeEach
  void start() throws Exception {
    listen = "127.0.0.1:" + Sandbox.freePort();
    primary = sandbox.primary(listen);
    file = sandbox.path("mnt").resolve(LOAD.name);
    client = new SqliteClient.Python(sandbox, file);
    client.open(1);
    assumeThat(Runtime.Version.parse(client.execute(1, "SELECT sqlite_version()")))
        .isLessThan(Runtime.Version.parse("3.51"));
  }

  /** The frames before the first that was written twice, then rolled back, are never sealed. */
  @Test
  void beforeSealedOnes() throws Exception {
    commit("COMMIT");
    killed(Meanwhile.NOTHING);
  }

  /** Not even the last frame of the transaction is sealed. */
  @Test
  void untilTheLast() throws Exception {
    commitAllUnsealed();
    killed(Meanwhile.NOTHING);
  }

  /** A loss of power took from the WAL a transaction that was not fsynced, and the log has it. */
  @Test
  void logKnowsMore() throws Exception {
    commitAllUnsealed();
    killed(Meanwhile.LOST_FROM_WAL);
  }

  /** What SQLite's recovery finds before them it would mix with what the main file has of them. */
  @Test
  void inTheMainFile() throws Exception {
    commitAllUnsealed();
    execute("PRAGMA wal_checkpoint");
    killed(Meanwhile.NOTHING);
  }

  /** All that had the database open died: whoever opens it next recovers the WAL. */
  @Test
  void applicationDies() throws Exception {
    commitAllUnsealed();
    client.kill();
    goesOn();
  }

  /**
   * One that is being opened keeps the last other, which closes, from a checkpoint; and then
   * recovers the WAL, as nobody has the wal-index.
   */
  @Test
  void openedAsTheLastOtherCloses() throws Exception {
    commitAllUnsealed();
    SqliteClient.Python opening = new SqliteClient.Python(sandbox, file);
    opening.share();
    client.close();
    opening.open(1);
    assertThat(opening.execute(1, ACKNOWLEDGED)).isEqualTo("2");
    opening.close();
    goesOn();
  }

  private void commitAllUnsealed() throws Exception {
    commit("UPDATE t SET v='x' WHERE i=1", "COMMIT");
  }

  private void commit(String... end) throws Exception {
    execute(
        "PRAGMA journal_mode=wal",
        "PRAGMA cache_size=5",
        "CREATE TABLE t(i INTEGER PRIMARY KEY, v)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<40)"
            + " SELECT i, zeroblob(3000) FROM n",
        "BEGIN",
        "SAVEPOINT s",
        "UPDATE t SET v=zeroblob(100) WHERE i BETWEEN 7 AND 23",
        "UPDATE t SET v=zeroblob(3000) WHERE i BETWEEN 10 AND 13",
        "ROLLBACK TO s");
    execute(end);
    execute("INSERT INTO t(v) VALUES('acknowledged')", "INSERT INTO t(v) VALUES('acknowledged')");
    Path plain = plainCopy();
    assertThat(SqliteFile.query(plain, ACKNOWLEDGED)).as("what SQLite recovers").isNotEqualTo("2");
  }

  private void execute(String... statements) throws Exception {
    for (String sql : statements) {
      assertThat(client.execute(1, sql)).as(sql).doesNotStartWith("error");
    }
  }

  private Path plainCopy() throws Exception {
    Path plain = sandbox.path("recovered.db");
    Files.copy(sandbox.path("data/unsealed.db"), plain);
    Files.copy(sandbox.path("data/unsealed.db-wal"), sandbox.path("recovered.db-wal"));
    return plain;
  }

  private enum Meanwhile {
    NOTHING,
    LOST_FROM_WAL
  }

  /** Sluice is killed and started again. */
  private void killed(Meanwhile meanwhile) throws Exception {
    String follower = sandbox.follower(primary.url()).url();
    loads.compare(LOAD, primary.url(), follower);
    Position before = sandbox.position(LOAD.name);
    Path wal = sandbox.path("data/unsealed.db-wal");
    long size = Files.size(wal);
    if (meanwhile == Meanwhile.LOST_FROM_WAL) {
      execute("INSERT INTO t(v) VALUES('lost')");
    }
    primary.kill();
    client.close();
    try (FileChannel shortened = FileChannel.open(wal, StandardOpenOption.WRITE)) {
      shortened.truncate(size);
    }

    primary = sandbox.primary(listen);
    assertThat(SqliteFile.query(file, ACKNOWLEDGED)).isEqualTo("2");
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).isEqualTo("ok");
    assertThat(SqliteFile.query(file, "SELECT count(*) FROM t WHERE v='lost'")).isEqualTo("0");
    Position now = sandbox.position(LOAD.name);
    if (meanwhile == Meanwhile.LOST_FROM_WAL) {
      // That a transaction was lost is one, too.
      assertThat(now.txid()).isEqualTo(before.txid() + 2);
      loads.compare(LOAD, primary.url(), follower);
    } else {
      assertThat(now).isEqualTo(before);
    }
  }

  /** Sluice goes on: all that was acknowledged is there, and what follows. */
  private void goesOn() throws Exception {
    Position before = sandbox.position(LOAD.name);
    assertThat(SqliteFile.query(file, ACKNOWLEDGED)).isEqualTo("2");
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).isEqualTo("ok");
    assertThat(sandbox.position(LOAD.name)).isEqualTo(before);
    String follower = sandbox.follower(primary.url()).url();
    loads.compare(LOAD, primary.url(), follower);
    try (Connection connection = SqliteFile.open(file);
        Statement statement = connection.createStatement()) {
      statement.execute("INSERT INTO t(v) VALUES('later')");
    }
    loads.compare(LOAD, primary.url(), follower);
  }
}
