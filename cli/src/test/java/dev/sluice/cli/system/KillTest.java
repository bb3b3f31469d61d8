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
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code kill -9} at random moments under write load: what an application was told is committed is
 * there afterwards, positions go on, and all copies become the same bytes again.
 */
class KillTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final Loads loads =
      new Loads(
          sandbox,
          new Load("wal-full.db", "wal", "full", 2),
          new Load("wal-normal.db", "wal", "normal", 1),
          new Load("delete.db", "delete", "full", 1),
          new Load("persist.db", "persist", "normal", 1));

  private String listen = "";
  private String url = "";

  @Test
  void primary() throws Exception {
    listen = "127.0.0.1:" + Sandbox.freePort();
    url = "http://" + listen;
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    SluiceProcess primary = sandbox.primary(listen);
    SluiceProcess follower = sandbox.follower(url);
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        Random random = new Random(seed);
        List<Subprocess> writers = loads.startWriters(random);
        if (random.nextInt(3) == 0) {
          pause(random.nextInt(500));
          follower.kill();
          follower = sandbox.follower(url);
        }
        pause(random.nextInt(1500));
        primary.kill();
        loads.readAcknowledged(writers);
        primary = sandbox.primary(listen);
        for (Load load : loads.all) {
          loads.check(load);
        }
        // Everything goes on: another few transactions, then all copies are compared.
        loads.writeSome(random);
        for (Load load : loads.all) {
          loads.check(load);
          loads.compare(load, url, follower.url());
        }
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      System.out.println("kill " + (seed - first + 1) + " of " + rounds + " survived");
    }
    loads.checkStore();
  }

  /** The application dies between and in its commits, while others have the database open. */
  @Test
  void application() throws Exception {
    url = sandbox.primary().url();
    SluiceProcess follower = sandbox.follower(url);
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    for (Load load : loads.all) {
      Path file = sandbox.path("mnt").resolve(load.name);
      try (Connection other = SqliteFile.open(file);
          Statement statement = other.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + load.mode);
        statement.execute("CREATE TABLE seen(n)");
        for (long seed = first; seed < first + rounds; seed++) {
          Random random = new Random(seed);
          try {
            Subprocess writer = loads.startWriter(load, 0, random, 1_000_000);
            writer.await(line -> line.startsWith("done"));
            pause(random.nextInt(300));
            writer.kill();
            loads.readAcknowledged(List.of(writer));
            statement.execute("INSERT INTO seen SELECT count(*) FROM t");
            loads.check(load);
            loads.compare(load, url, follower.url());
          } catch (Exception | AssertionError e) {
            throw Campaign.failed(seed, e);
          }
        }
      }
    }
  }

  /** The frames before the first that was written twice, then rolled back, are never sealed. */
  @Test
  void unsealedFramesBeforeSealedOnes() throws Exception {
    unsealed(Meanwhile.NOTHING, "COMMIT");
  }

  /** Not even the last frame of the transaction is sealed. */
  @Test
  void unsealedFrames() throws Exception {
    unsealed(Meanwhile.NOTHING, "UPDATE t SET v='x' WHERE i=1", "COMMIT");
  }

  /** A loss of power took from the WAL a transaction that was not fsynced, and the log has it. */
  @Test
  void unsealedFramesWithALogThatKnowsMore() throws Exception {
    unsealed(Meanwhile.LOST_FROM_WAL, "UPDATE t SET v='x' WHERE i=1", "COMMIT");
  }

  /** What SQLite's recovery finds before them it would mix with what the main file has of them. */
  @Test
  void unsealedFramesInTheMainFile() throws Exception {
    unsealed(Meanwhile.CHECKPOINTED, "UPDATE t SET v='x' WHERE i=1", "COMMIT");
  }

  private enum Meanwhile {
    NOTHING,
    LOST_FROM_WAL,
    CHECKPOINTED
  }

  /**
   * SQLite before 3.51 commits frames that its own recovery would not find. It is the system's
   * Python's here; a newer one has nothing to show.
   */
  private void unsealed(Meanwhile meanwhile, String... end) throws Exception {
    String listen = "127.0.0.1:" + Sandbox.freePort();
    SluiceProcess primary = sandbox.primary(listen);
    Load load = new Load("unsealed.db", "wal", "normal", 1);
    Path file = sandbox.path("mnt").resolve(load.name);
    SqliteClient.Python client = new SqliteClient.Python(sandbox, file);
    client.open(1);
    assumeThat(Runtime.Version.parse(client.execute(1, "SELECT sqlite_version()")))
        .isLessThan(Runtime.Version.parse("3.51"));
    List<String> statements =
        new ArrayList<>(
            List.of(
                "PRAGMA journal_mode=wal",
                "PRAGMA cache_size=5",
                "CREATE TABLE t(i INTEGER PRIMARY KEY, v)",
                "INSERT INTO t WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<40)"
                    + " SELECT i, zeroblob(3000) FROM n",
                "BEGIN",
                "SAVEPOINT s",
                "UPDATE t SET v=zeroblob(100) WHERE i BETWEEN 7 AND 23",
                "UPDATE t SET v=zeroblob(3000) WHERE i BETWEEN 10 AND 13",
                "ROLLBACK TO s"));
    statements.addAll(List.of(end));
    statements.add("INSERT INTO t(v) VALUES('acknowledged')");
    statements.add("INSERT INTO t(v) VALUES('acknowledged')");
    if (meanwhile == Meanwhile.CHECKPOINTED) {
      statements.add("PRAGMA wal_checkpoint");
    }
    for (String sql : statements) {
      assertThat(client.execute(1, sql)).as(sql).doesNotStartWith("error");
    }
    url = primary.url();
    String follower = sandbox.follower(url).url();
    loads.compare(load, url, follower);
    Position before = sandbox.position(load.name);
    Path wal = sandbox.path("data/unsealed.db-wal");
    long size = Files.size(wal);
    if (meanwhile == Meanwhile.LOST_FROM_WAL) {
      client.execute(1, "INSERT INTO t(v) VALUES('lost')");
    }
    primary.kill();
    client.close();
    try (FileChannel shortened = FileChannel.open(wal, StandardOpenOption.WRITE)) {
      shortened.truncate(size);
    }
    Path plain = sandbox.path("recovered.db");
    Files.copy(sandbox.path("data/unsealed.db"), plain);
    Files.copy(wal, sandbox.path("recovered.db-wal"));
    String acknowledged = "SELECT count(*) FROM t WHERE v='acknowledged'";
    assertThat(SqliteFile.query(plain, acknowledged)).as("what SQLite recovers").isNotEqualTo("2");

    sandbox.primary(listen);
    assertThat(SqliteFile.query(file, acknowledged)).isEqualTo("2");
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).isEqualTo("ok");
    assertThat(SqliteFile.query(file, "SELECT count(*) FROM t WHERE v='lost'")).isEqualTo("0");
    Position now = sandbox.position(load.name);
    if (meanwhile == Meanwhile.LOST_FROM_WAL) {
      // That a transaction was lost is one, too.
      assertThat(now.txid()).isEqualTo(before.txid() + 2);
      loads.compare(load, url, follower);
    } else {
      assertThat(now).isEqualTo(before);
    }
  }

  /** The random moment. */
  private static void pause(int millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis);
  }
}
