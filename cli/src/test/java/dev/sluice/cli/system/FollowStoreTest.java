package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.restore.StoredFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code sluice follow} with the URL of a store, a directory or a real S3 server. */
@SuppressWarnings("NullAway") // Each test sets the fields first.
@Timeout(240)
class FollowStoreTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private TestStore store;

  @AfterEach
  void close() {
    if (store != null) {
      store.close();
    }
  }

  private SluiceProcess follow(Path copy) throws Exception {
    return sandbox
        .sluice(
            "follow",
            "follow",
            store.database("app.db"),
            copy,
            "--interval",
            "100ms",
            "--listen",
            "127.0.0.1:0")
        .serving();
  }

  private SluiceProcess replicate(int port) throws Exception {
    SluiceProcess process =
        sandbox.sluice(
            "replicate",
            "replicate",
            "--config",
            sandbox.path("sluice.yml"),
            "--listen",
            "127.0.0.1:" + port);
    process.await(line -> line.startsWith("replicating "));
    return process;
  }

  private static void sql(Path file, String statements) throws Exception {
    try (Connection connection = SqliteFile.open(file);
        Statement statement = connection.createStatement()) {
      for (String each : statements.split(";", -1)) {
        statement.execute(each);
      }
    }
  }

  private static Position position(int port) throws Exception {
    JsonNode answer = Http.json("http://127.0.0.1:" + port + "/v1/position?database=app.db");
    return Position.parse(answer.path("position").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "s3"})
  void followsWhatANodeShips(String scheme) throws Exception {
    store = TestStore.open(sandbox, scheme);
    Path file = Files.createDirectories(sandbox.path("data")).resolve("app.db");
    Path copy = sandbox.path("copy.db");
    Files.writeString(
        sandbox.path("sluice.yml"),
        """
        data: data
        store: %s
        sync-interval: 100ms
        levels: [1s, 3s]
        snapshot-interval: 3s
        retention: 5s
        l0-retention: 1s
        """
            .formatted(store.url()));
    sql(file, "PRAGMA journal_mode=wal; CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
    int port = Sandbox.freePort();
    SluiceProcess node = replicate(port);
    sql(file, "INSERT INTO t VALUES(1, randomblob(100000))");
    sandbox.awaitShipped("http://127.0.0.1:" + port, "app.db", position(port));
    SluiceProcess follower = follow(copy);
    same(follower, port, file, copy);
    try (Connection reader = SqliteFile.open(copy);
        Statement read = reader.createStatement()) {
      for (int i = 0; i < 20; i++) {
        sql(file, "INSERT INTO t(v) SELECT randomblob(2000) FROM t");
        sql(file, "DELETE FROM t WHERE i>300");
        sandbox.await(follower.url(), "app.db", position(port));
        try (var rows = read.executeQuery("SELECT count(*) FROM t")) {
          assertThat(rows.getString(1)).isEqualTo(SqliteFile.query(file, "SELECT count(*) FROM t"));
        }
      }
    }
    assertThat(Http.text(follower.url() + "/readyz")).isNotEmpty();
    // Another page size comes as a snapshot only.
    node.stop();
    sql(file, "PRAGMA journal_mode=delete; PRAGMA page_size=8192; VACUUM");
    node = replicate(port);
    same(follower, port, file, copy);
    assertThat(SqliteFile.query(copy, "PRAGMA page_size")).isEqualTo("8192");
    follower.stop();
    sql(file, "PRAGMA journal_mode=wal; UPDATE t SET v=1 WHERE i=1");
    BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
    for (int i = 0; i < 8; i++) {
      sql(file, "INSERT INTO t(v) VALUES(randomblob(500))");
      Thread.sleep(500);
    }
    Replicated.eventually(
        "merged",
        () ->
            backup.files().stream()
                .map(StoredFile::level)
                .collect(Collectors.toSet())
                .containsAll(List.of(0, 1, 9)));
    follower = follow(copy);
    same(follower, port, file, copy);
    Run status = Run.sluice("status", "--json", "--url", follower.url()).ok();
    assertThat(status.json().findValue("follow").path("lagTransactions").asLong()).isZero();
    // The node is gone, and what it shipped last arrives all the same.
    sql(file, "INSERT INTO t(v) VALUES('last')");
    Position last = position(port);
    node.stop();
    sandbox.await(follower.url(), "app.db", last);
    assertThat(SqliteFile.query(copy, "SELECT v FROM t ORDER BY i DESC")).isEqualTo("last");
    follower.kill();
    follower = follow(copy);
    sandbox.await(follower.url(), "app.db", last);
    follower.stop();
    assertThat(follower.err()).doesNotContain(" WARN ").doesNotContain(" ERROR ");
  }

  private void same(SluiceProcess follower, int port, Path file, Path copy) throws Exception {
    sandbox.await(follower.url(), "app.db", position(port));
    Copies.same("the copy", SqliteFile.pages(file), SqliteFile.pages(copy));
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "s3"})
  void followsWhatLitestreamWrites(String scheme) throws Exception {
    Litestream litestream = new Litestream(sandbox);
    store = TestStore.open(sandbox, scheme);
    Path file = sandbox.path("app.db");
    Path copy = sandbox.path("copy.db");
    sql(file, "PRAGMA journal_mode=wal; CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
    SluiceProcess[] follower = new SluiceProcess[1];
    BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
    litestream.replicate(
        file,
        store.database("app.db"),
        () -> {
          sql(file, "INSERT INTO t(v) VALUES(randomblob(50000))");
          Replicated.eventually("a first file", () -> !backup.files().isEmpty());
          follower[0] = follow(copy);
          for (int i = 0; i < 6; i++) {
            sql(file, "INSERT INTO t(v) SELECT randomblob(3000) FROM t");
            followed(file, copy);
          }
          follower[0].stop();
          sql(file, "DELETE FROM t WHERE i%2=0; VACUUM");
          sql(file, "INSERT INTO t(v) VALUES('while it was off')");
          follower[0] = follow(copy);
          followed(file, copy);
          sql(file, "INSERT INTO t(v) VALUES('last')");
        });
    followed(file, copy);
    follower[0].stop();
    assertThat(follower[0].err()).doesNotContain(" WARN ").doesNotContain(" ERROR ");
  }

  private static void followed(Path file, Path copy) throws Exception {
    Replicated.eventually(
        "the copy is the same",
        () -> Files.exists(copy) && SqliteFile.dump(file).equals(SqliteFile.dump(copy)));
    assertThat(SqliteFile.query(copy, "PRAGMA integrity_check")).isEqualTo("ok");
  }

  @Test
  void whatIsNotThere() throws Exception {
    store = TestStore.open(sandbox, "file");
    Path copy = sandbox.path("copy.db");
    SluiceProcess none = sandbox.sluice("follow", "follow", store.database("no.db"), copy);
    assertThat(none.status()).isEqualTo(7);
    assertThat(none.err()).contains("no backup at");
    assertThat(copy).doesNotExist();
    Path other = sandbox.path("other.db");
    sql(other, "CREATE TABLE mine(x)");
    SluiceProcess refused = sandbox.sluice("follow", "follow", store.database("no.db"), other);
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("other.db is there, and no copy that follows a store");
    assertThat(SqliteFile.query(other, "SELECT name FROM sqlite_master")).isEqualTo("mine");
  }
}
