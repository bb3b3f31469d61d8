package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code sluice replicate} beside applications that keep their own files. */
@Timeout(240)
class ReplicateTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** Two versions of SQLite by turns: that of the system, in Python, and that of sqlite-jdbc. */
  @ParameterizedTest
  @CsvSource({
    "wal, 4096",
    "wal, 512",
    "wal, 65536",
    "delete, 4096",
    "delete, 1024",
    "truncate, 8192",
    "persist, 4096"
  })
  void randomWorkloads(String journalMode, int pageSize) throws Exception {
    long seed = Campaign.seed();
    Random random = new Random(seed + journalMode.hashCode() + pageSize);
    try {
      Replicated database = Replicated.start(sandbox, "app.db");
      List<RandomWorkload.Step> steps =
          RandomWorkload.steps(
              random.nextLong(), 60, journalMode, pageSize, "normal", random.nextBoolean());
      TreeSet<Integer> open = new TreeSet<>();
      try (SqliteClient client =
          random.nextBoolean()
              ? new SqliteClient.Python(sandbox, database.file())
              : new SqliteClient.Jdbc(database.file())) {
        for (RandomWorkload.Step step : steps) {
          switch (step.kind()) {
            case OPEN -> {
              client.open(step.connection());
              open.add(step.connection());
            }
            case CLOSE -> {
              client.close(step.connection());
              open.remove(step.connection());
            }
            case SQL -> client.execute(step.connection(), step.sql());
            case COMPARE -> {
              for (String end : List.of("COMMIT", "ROLLBACK")) {
                for (int connection : open) {
                  client.execute(connection, end);
                }
              }
              database.same();
            }
          }
        }
      }
      database.same();
    } catch (Exception | AssertionError e) {
      throw Campaign.failed(seed, e);
    }
  }

  /** The application's own checkpoints get their turn, and nothing is lost by them. */
  @ParameterizedTest
  @ValueSource(strings = {"PASSIVE", "RESTART", "TRUNCATE"})
  void checkpointsUnderLoad(String kind) throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    Subprocess first = sandbox.python("replicated.py", "write", database.file(), 3000, "none");
    Subprocess second = sandbox.python("replicated.py", "write", database.file(), 3000, kind);
    assertThat(first.status()).as(first.toString()).isZero();
    assertThat(second.status()).as(second.toString()).isZero();
    database.same();
    // On a busy machine a WAL may begin anew before it was looked at.
    assertThat(database.gaps()).isLessThanOrEqualTo(3);
    assertThat(SqliteFile.query(database.file(), "SELECT count(*) FROM t")).isEqualTo("6000");
    assertThat(second.lines().get(second.lines().size() - 1))
        .as("checkpoints that went through, and others")
        .doesNotStartWith("0 ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void shortLivedConnections(String journalMode) throws Exception {
    create("PRAGMA journal_mode=" + journalMode + "; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    Subprocess writer = sandbox.python("replicated.py", "reopen", database.file(), 200);
    assertThat(writer.status()).as(writer.toString()).isZero();
    database.same();
    assertThat(database.gaps()).isZero();
  }

  /** A WAL that the last connection deletes when Sluice does not hold it any more. */
  @Test
  void lastCloseAfterIdleness() throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    for (int i = 0; i < 2; i++) {
      Thread.sleep(2500);
      sql("INSERT INTO t(v) VALUES(randomblob(10000))");
      sql("INSERT INTO t(v) VALUES(randomblob(10000))");
      database.same();
    }
    assertThat(database.gaps()).isZero();
  }

  @Test
  void applicationIsKilled() throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    for (int i = 0; i < 4; i++) {
      Subprocess writer =
          sandbox.python("replicated.py", "write", database.file(), 1_000_000, "none");
      writer.nextLine();
      Thread.sleep(100 + 50 * i);
      writer.kill();
      database.same();
    }
  }

  /** What was committed while it was down is captured, from the WAL or by comparing. */
  @ParameterizedTest
  @CsvSource({"wal, 200", "wal, 4000", "delete, 50"})
  void sluiceIsKilled(String journalMode, int rows) throws Exception {
    create("PRAGMA journal_mode=" + journalMode + "; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    for (int i = 0; i < 2; i++) {
      Subprocess writer = sandbox.python("replicated.py", "write", database.file(), rows, "none");
      writer.nextLine();
      database.process().kill();
      assertThat(writer.status()).as(writer.toString()).isZero();
      database.restart();
      database.same();
    }
  }

  /** Each connection that closes deletes the WAL, and what was in it. */
  @ParameterizedTest
  @CsvSource({"wal, true", "wal, false", "delete, true", "delete, false"})
  void applicationRestartsWhileSluiceIsDown(String journalMode, boolean killed) throws Exception {
    create("PRAGMA journal_mode=" + journalMode + "; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    sql("INSERT INTO t(v) VALUES(1)");
    database.same();
    assertThat(database.gaps()).isZero();
    if (killed) {
      database.process().kill();
    } else {
      database.process().stop();
    }
    Subprocess writer = sandbox.python("replicated.py", "reopen", database.file(), 50);
    assertThat(writer.status()).as(writer.toString()).isZero();
    database.restart();
    database.same();
    assertThat(database.gaps()).isEqualTo(1);
    sql("INSERT INTO t(v) VALUES(1)");
    database.same();
    assertThat(database.gaps()).isEqualTo(1);
  }

  @Test
  void nothingIsComparedAfterACleanStop() throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    sql("INSERT INTO t(v) VALUES(1)");
    database.same();
    Position before = database.position();
    database.process().stop();
    database.restart();
    assertThat(database.position()).isEqualTo(before);
    assertThat(database.gaps()).isZero();
    sql("INSERT INTO t(v) VALUES(2)");
    database.same();
    assertThat(database.position().txid()).isEqualTo(before.txid() + 1);
  }

  @Test
  void vacuumAndPageSizeAndModes() throws Exception {
    create("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    sql("INSERT INTO t(v) SELECT randomblob(500) FROM generate_series(1,500)");
    database.same();
    sql("DELETE FROM t WHERE id%2; VACUUM");
    database.same();
    sql("PRAGMA page_size=8192; VACUUM");
    database.same();
    sql("PRAGMA journal_mode=wal; INSERT INTO t(v) VALUES(1); DELETE FROM t WHERE id%3=0; VACUUM");
    database.same();
    // Leaving WAL mode takes that nobody else has it open: Sluice lets go when it is idle.
    Replicated.eventually(
        "the application leaves WAL mode",
        () ->
            sandbox
                .run("sh", "-c", "sqlite3 app.db 'PRAGMA journal_mode=delete' 2>&1 || true")
                .contains("delete"));
    sql("INSERT INTO t(v) VALUES(2)");
    database.same();
    sql("PRAGMA page_size=1024; VACUUM; PRAGMA journal_mode=wal; INSERT INTO t(v) VALUES(3)");
    database.same();
    assertThat(database.gaps()).isZero();
  }

  /**
   * Nothing is shipped because a file vanished; the history goes on with what comes in its place.
   */
  @Test
  void deletedAndMadeAnew() throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    Replicated database = Replicated.start(sandbox, "app.db");
    sql("INSERT INTO t(v) VALUES(1)");
    database.same();
    Position before = database.position();
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(sandbox.path("app.db" + suffix));
    }
    Replicated.eventually(
        "status says that the file is gone",
        () -> Http.text(database.url() + "/v1/status").contains("is gone"));
    assertThat(database.position()).isEqualTo(before);
    create("PRAGMA journal_mode=wal; CREATE TABLE u(a); INSERT INTO u VALUES(1)");
    Replicated.eventually("another position", () -> !database.position().equals(before));
    database.same();
    assertThat(database.position().txid()).isGreaterThan(before.txid());
    assertThat(database.gaps()).isPositive();
    Path other = sandbox.path("other.db");
    sandbox.run("sqlite3", other, "CREATE TABLE w(a); INSERT INTO w VALUES(randomblob(100000))");
    sandbox.run("cp", other, sandbox.path("new.db"));
    for (String suffix : List.of("-wal", "-shm")) {
      Files.deleteIfExists(sandbox.path("app.db" + suffix));
    }
    int gaps = database.gaps();
    sandbox.run("mv", sandbox.path("new.db"), database.file());
    Replicated.eventually("the gap is counted", () -> database.gaps() > gaps);
    database.same();
  }

  @Test
  void twoOnOneDatabaseAreRefused() throws Exception {
    create("CREATE TABLE t(a)");
    Replicated.start(sandbox, "app.db");
    SluiceProcess second =
        sandbox.sluice("second", "replicate", sandbox.path("app.db"), "file:///nowhere");
    assertThat(second.status()).isEqualTo(1);
    assertThat(second.err()).contains("another process has");
  }

  /** A directory: databases that are there, that come, that are below it, and others left out. */
  @Test
  void directory() throws Exception {
    Path data = Files.createDirectories(sandbox.path("data/shop"));
    Path here = data.resolve("app.db");
    sandbox.run("sqlite3", here, "PRAGMA journal_mode=wal; CREATE TABLE t(a)");
    Files.writeString(
        sandbox.path("sluice.yml"),
        """
        data: data
        listen: 127.0.0.1:0
        store: %s
        exclude: ["cache/**"]
        """
            .formatted(sandbox.store()));
    SluiceProcess process =
        sandbox.sluice("replicate", "replicate", "--config", sandbox.path("sluice.yml"));
    String line = process.await(l -> l.startsWith("replicating "));
    String url = line.substring(line.lastIndexOf("http://"));
    for (String name : List.of("new.db", "cache/c.db", "deep/er/d.db")) {
      Path path = sandbox.path("data").resolve(name);
      Files.createDirectories(path.getParent());
      sandbox.run("sqlite3", path, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    }
    for (String name : List.of("shop/app.db", "new.db", "deep/er/d.db")) {
      Path path = sandbox.path("data").resolve(name);
      Replicated.eventually(
          name + " is followed", () -> Http.text(url + "/v1/status").contains("\"" + name + "\""));
      Position position =
          Position.parse(
              Http.json(url + "/v1/position?database=" + name).path("position").asText());
      assertThat(SqliteFile.checksum(SqliteFile.pages(path))).isEqualTo(position.checksum());
    }
    assertThat(Http.text(url + "/v1/status")).doesNotContain("cache/c.db");
    process.stop();
  }

  /** Ends with the application, and has shipped all it wrote. */
  @Test
  void withACommand() throws Exception {
    create("PRAGMA journal_mode=wal; CREATE TABLE t(a)");
    SluiceProcess process =
        sandbox.sluice(
            "replicate",
            "replicate",
            sandbox.path("app.db"),
            sandbox.store() + "/app.db",
            "--",
            "sqlite3",
            sandbox.path("app.db"),
            "INSERT INTO t VALUES(42); SELECT 'done'",
            ".exit 7");
    assertThat(process.status()).isEqualTo(7);
    assertThat(process.lines()).contains("done");
    Path restored = sandbox.path("restored.db");
    Run run = Run.sluice("restore", sandbox.store() + "/app.db", "-o", restored);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(SqliteFile.query(restored, "SELECT a FROM t")).isEqualTo("42");
  }

  private void create(String sql) throws Exception {
    sql(sql);
  }

  private void sql(String sql) throws Exception {
    sandbox.run("sqlite3", "-cmd", ".timeout 10000", sandbox.path("app.db"), sql);
  }
}
