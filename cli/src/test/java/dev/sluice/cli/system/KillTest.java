package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code kill -9} at random moments under write load: what an application was told is committed is
 * there afterwards, positions go on, and all copies become the same bytes again.
 */
class KillTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** A database that is written to in every round, and what is known of it. */
  private static final class Load {
    final String name;
    final String mode;
    final String synchronous;
    final int writers;
    Position seen = Position.NONE;
    final Map<Integer, Integer> acknowledged = new HashMap<>();

    Load(String name, String mode, String synchronous, int writers) {
      this.name = name;
      this.mode = mode;
      this.synchronous = synchronous;
      this.writers = writers;
    }
  }

  private final List<Load> loads =
      List.of(
          new Load("wal-full.db", "wal", "full", 2),
          new Load("wal-normal.db", "wal", "normal", 1),
          new Load("delete.db", "delete", "full", 1),
          new Load("persist.db", "persist", "normal", 1));

  private String listen = "";
  private String url = "";

  @Test
  void primary() throws Exception {
    listen = "127.0.0.1:" + freePort();
    url = "http://" + listen;
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    SluiceProcess primary = sandbox.primary(listen);
    SluiceProcess follower = sandbox.follower(url);
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        Random random = new Random(seed);
        List<Subprocess> writers = startWriters(random);
        if (random.nextInt(3) == 0) {
          pause(random.nextInt(500));
          follower.kill();
          follower = sandbox.follower(url);
        }
        pause(random.nextInt(1500));
        primary.kill();
        readAcknowledged(writers);
        primary = sandbox.primary(listen);
        for (Load load : loads) {
          check(load);
        }
        // Everything goes on: another few transactions, then all copies are compared.
        for (Subprocess writer : startWriters(random, 5)) {
          assertThat(writer.status()).isZero();
          assertThat(writer.lines()).noneMatch(line -> line.startsWith("ended"));
          readAcknowledged(List.of(writer));
        }
        for (Load load : loads) {
          check(load);
          compare(load, follower.url());
        }
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      System.out.println("kill " + (seed - first + 1) + " of " + rounds + " survived");
    }
    loads.forEach(this::checkStore);
  }

  /** The application dies between and in its commits, while others have the database open. */
  @Test
  void application() throws Exception {
    url = sandbox.primary().url();
    SluiceProcess follower = sandbox.follower(url);
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    for (Load load : loads) {
      Path file = sandbox.path("mnt").resolve(load.name);
      try (Connection other = SqliteFile.open(file);
          Statement statement = other.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + load.mode);
        statement.execute("CREATE TABLE seen(n)");
        for (long seed = first; seed < first + rounds; seed++) {
          Random random = new Random(seed);
          try {
            Subprocess writer = startWriter(load, 0, random, 1_000_000);
            writer.await(line -> line.startsWith("done"));
            pause(random.nextInt(300));
            writer.kill();
            readAcknowledged(List.of(writer));
            statement.execute("INSERT INTO seen SELECT count(*) FROM t");
            check(load);
            compare(load, follower.url());
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
    unsealed("COMMIT");
  }

  /** Not even the last frame of the transaction is sealed. */
  @Test
  void unsealedFrames() throws Exception {
    unsealed("UPDATE t SET v='x' WHERE i=1", "COMMIT");
  }

  /**
   * SQLite before 3.51 commits frames that its own recovery would not find. It is the system's
   * Python's here; a newer one has nothing to show.
   */
  private void unsealed(String... end) throws Exception {
    SluiceProcess primary = sandbox.primary();
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
    for (String sql : statements) {
      assertThat(client.execute(1, sql)).as(sql).doesNotStartWith("error");
    }
    url = primary.url();
    String follower = sandbox.follower(url).url();
    compare(load, follower);
    Position before = sandbox.position(load.name);
    primary.kill();
    client.close();
    Path plain = sandbox.path("recovered.db");
    Files.copy(sandbox.path("data/unsealed.db"), plain);
    Files.copy(sandbox.path("data/unsealed.db-wal"), sandbox.path("recovered.db-wal"));
    String acknowledged = "SELECT count(*) FROM t WHERE v='acknowledged'";
    assertThat(SqliteFile.query(plain, acknowledged)).as("what SQLite recovers").isEqualTo("0");

    sandbox.primary();
    assertThat(SqliteFile.query(file, acknowledged)).isEqualTo("2");
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).isEqualTo("ok");
    assertThat(sandbox.position(load.name)).isEqualTo(before);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** The random moment. */
  private static void pause(int millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis);
  }

  private List<Subprocess> startWriters(Random random) throws Exception {
    List<Subprocess> writers = startWriters(random, 1_000_000);
    for (Subprocess writer : writers) {
      writer.await(line -> line.startsWith("done"));
    }
    return writers;
  }

  private List<Subprocess> startWriters(Random random, int limit) throws Exception {
    List<Subprocess> writers = new ArrayList<>();
    for (Load load : loads) {
      for (int w = 0; w < load.writers; w++) {
        writers.add(startWriter(load, w, random, limit));
      }
    }
    return writers;
  }

  private Subprocess startWriter(Load load, int w, Random random, int limit) throws Exception {
    Path file = sandbox.path("mnt").resolve(load.name);
    int seed = random.nextInt(1 << 30);
    Subprocess writer =
        sandbox.python("writer.py", file, load.mode, load.synchronous, w, seed, limit);
    written.put(writer, Map.entry(load, w));
    return writer;
  }

  private final Map<Subprocess, Map.Entry<Load, Integer>> written = new HashMap<>();

  private void readAcknowledged(List<Subprocess> writers) throws Exception {
    for (Subprocess writer : writers) {
      writer.status();
      Map.Entry<Load, Integer> of = written.remove(writer);
      Load load = of.getKey();
      for (String line : writer.lines()) {
        if (line.startsWith("done ")) {
          load.acknowledged.put(of.getValue(), Integer.parseInt(line.substring(5)));
        } else if (line.startsWith("at ")) {
          Position at = Position.parse(line.substring(3));
          if (at.txid() > load.seen.txid()) {
            load.seen = at;
          }
        }
      }
      sandbox.forget(writer);
    }
  }

  private void check(Load load) throws Exception {
    Path file = sandbox.path("mnt").resolve(load.name);
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).as(load.name).isEqualTo("ok");
    for (Map.Entry<Integer, Integer> each : load.acknowledged.entrySet()) {
      String row =
          SqliteFile.query(
              file,
              "SELECT count(*), max(i), (SELECT n FROM counters WHERE w='%1$d') FROM t WHERE w='%1$d'"
                  .formatted(each.getKey()));
      int n = Integer.parseInt(row.substring(0, row.indexOf('|')));
      assertThat(row)
          .as("%s, its writer %s", load.name, each.getKey())
          .isEqualTo("%1$d|%1$d|%1$d".formatted(n));
      // The last transaction may have been committed without the writer hearing of it.
      assertThat(n).as(load.name).isBetween(each.getValue(), each.getValue() + 1);
      each.setValue(n);
    }
    Position now = sandbox.position(load.name);
    assertThat(Long.compareUnsigned(now.txid(), load.seen.txid()))
        .as("%s went from %s back to %s", load.name, load.seen, now)
        .isNotNegative();
    if (now.txid() == load.seen.txid()) {
      assertThat(now).as(load.name).isEqualTo(load.seen);
    }
    load.seen = now;
  }

  private void compare(Load load, String follower) throws Exception {
    byte[] expected = SqliteFile.pages(sandbox.path("mnt").resolve(load.name));
    Position position = sandbox.position(load.name);
    assertThat(Txid.format(SqliteFile.checksum(expected)))
        .as("%s: the checksum computed afresh, at %s", load.name, position)
        .isEqualTo(Txid.format(position.checksum()));
    sandbox.await(follower, load.name, position);
    same(load, "follower", expected, SqliteFile.pages(sandbox.path("mnt2").resolve(load.name)));
    Path restored = sandbox.restore(url, load.name, position);
    same(load, "restored file", expected, Files.readAllBytes(restored));
    Files.delete(restored);
  }

  private static void same(Load load, String what, byte[] expected, byte[] actual) {
    assertThat(Arrays.equals(expected, actual))
        .as("%s, %s: %s", load.name, what, SqliteFile.difference(expected, actual))
        .isTrue();
  }

  /** Every transaction is in the store once. */
  private void checkStore(Load load) {
    try (Stream<Path> files = Files.list(sandbox.path("store").resolve(load.name + "/ltx/0"))) {
      long next = 1;
      for (Path file : files.filter(f -> f.toString().endsWith(".ltx")).sorted().toList()) {
        LtxFileName range = LtxFileName.parse(file.getFileName().toString());
        assertThat(range.minTxid()).as("%s: %s", load.name, file).isEqualTo(next);
        next = range.maxTxid() + 1;
      }
    } catch (IOException e) {
      throw new AssertionError(load.name, e);
    }
  }
}
