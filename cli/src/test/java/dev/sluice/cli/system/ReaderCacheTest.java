package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.sqlite.DatabaseHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A connection that stays open on a follower keeps its cache for as long as the change counter of
 * the database is what it was: in rollback modes each transaction must have one of its own.
 */
class ReaderCacheTest {
  private static final String NAME = "app.db";

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private Path there() {
    return sandbox.path("mnt").resolve(NAME);
  }

  private Path copy() {
    return sandbox.path("mnt2").resolve(NAME);
  }

  private void onPrimary(String sql) throws Exception {
    sandbox.run("sqlite3", there(), sql);
  }

  private static int changeCounter(Path file) throws IOException {
    ByteBuffer head = ByteBuffer.wrap(Files.readAllBytes(file), 0, DatabaseHeader.SIZE);
    return DatabaseHeader.parse(head).orElseThrow().changeCounter();
  }

  /** SQLite counts the first transaction alone there. */
  @Test
  void exclusiveLocking() throws Exception {
    for (String mode : new String[] {"delete", "truncate", "persist"}) {
      SluiceProcess primary = sandbox.primary();
      SluiceProcess follower = sandbox.follower(primary.url());
      Copies copies = new Copies(sandbox, primary, follower);
      onPrimary("CREATE TABLE IF NOT EXISTS t(n); DELETE FROM t; INSERT INTO t VALUES(0)");
      sandbox.await(follower.url(), NAME, sandbox.position(NAME));
      try (SqliteClient writer = new SqliteClient.Python(sandbox, there());
          SqliteClient reader = new SqliteClient.Jdbc(copy())) {
        writer.open(1);
        reader.open(1);
        writer.execute(1, "PRAGMA locking_mode=exclusive");
        assertThat(writer.execute(1, "PRAGMA journal_mode=" + mode)).isEqualTo(mode);
        for (int n = 1; n <= 5; n++) {
          assertThat(writer.execute(1, "UPDATE t SET n=" + n)).isEmpty();
          sandbox.await(follower.url(), NAME, sandbox.position(NAME));
          assertThat(reader.execute(1, "SELECT n FROM t")).as(mode).isEqualTo("" + n);
        }
        assertThat(writer.execute(1, "SELECT n FROM t")).isEqualTo("5");
      }
      onPrimary("UPDATE t SET n=n+1");
      assertThat(SqliteFile.query(there(), "SELECT n FROM t")).isEqualTo("6");
      copies.all(NAME);
      follower.stop();
      primary.stop();
    }
  }

  /** The follower had it for as long as its journal lay there. */
  @Test
  void rolledBackAfterItWasReplicated() throws Exception {
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    onPrimary("CREATE TABLE t(n); INSERT INTO t VALUES(0)");
    sandbox.await(follower.url(), NAME, sandbox.position(NAME));
    try (SqliteClient reader = new SqliteClient.Jdbc(copy());
        SqliteClient beside = new SqliteClient.Jdbc(there())) {
      reader.open(1);
      beside.open(1);
      assertThat(reader.execute(1, "SELECT n FROM t")).isEqualTo("0");
      assertThat(beside.execute(1, "SELECT n FROM t")).isEqualTo("0");
      for (int n = 1; n <= 3; n++) {
        sandbox.run("python3", sandbox.resource("unfinished.py"), there(), "UPDATE t SET n=-" + n);
        sandbox.await(follower.url(), NAME, sandbox.position(NAME));
        assertThat(reader.execute(1, "SELECT n FROM t")).isEqualTo("-" + n);
        onPrimary("UPDATE t SET n=" + n);
        sandbox.await(follower.url(), NAME, sandbox.position(NAME));
        assertThat(reader.execute(1, "SELECT n FROM t")).isEqualTo("" + n);
        assertThat(beside.execute(1, "SELECT n FROM t")).isEqualTo("" + n);
      }
    }
    new Copies(sandbox, primary, follower).all(NAME);
  }

  /** Others may have more of it than this node has kept. */
  @Test
  void countsOnBehindAllThatMayBeLost() throws Exception {
    SluiceProcess primary = sandbox.primary();
    onPrimary("CREATE TABLE t(n); INSERT INTO t VALUES(0)");
    int before = changeCounter(there());
    primary.kill();
    primary = sandbox.primary();
    onPrimary("INSERT INTO t VALUES(1)");
    int after = changeCounter(there());
    assertThat(after - before).isGreaterThan(1_000_000);
    onPrimary("INSERT INTO t VALUES(2)");
    assertThat(changeCounter(there())).isEqualTo(after + 1);
    primary.stop();
    primary = sandbox.primary();
    onPrimary("INSERT INTO t VALUES(3)");
    assertThat(changeCounter(there())).isEqualTo(after + 2);
    new Copies(sandbox, primary, sandbox.follower(primary.url())).all(NAME);
  }
}
