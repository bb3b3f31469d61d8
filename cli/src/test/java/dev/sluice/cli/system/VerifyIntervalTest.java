package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node that verifies its backups by itself, and sends no faster than it may. */
@Timeout(240)
class VerifyIntervalTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private String url = "";

  private SluiceProcess start() throws Exception {
    int port = Sandbox.freePort();
    url = "http://127.0.0.1:" + port;
    SluiceProcess process =
        sandbox.sluice(
            "node",
            "replicate",
            database(),
            backup(),
            "--sync-interval",
            "50ms",
            "--verify-interval",
            "200ms",
            "--bandwidth",
            "2MB",
            "--listen",
            "127.0.0.1:" + port);
    process.await(line -> line.startsWith("replicating "));
    return process;
  }

  private Path database() {
    return sandbox.path("app.db");
  }

  private String backup() {
    return sandbox.store() + "/app.db";
  }

  private Path scratch() {
    return sandbox.path(".app.db-sluice/verify");
  }

  private void sql(String sql) throws Exception {
    sandbox.run("sqlite3", "-cmd", ".timeout 10000", database(), sql);
  }

  private JsonNode verification() throws Exception {
    return Run.sluice("status", "--json", "--url", url)
        .ok()
        .json()
        .at("/0/status/databases/0/stores/0/verification");
  }

  private void found(String result) throws Exception {
    Replicated.eventually(result, () -> verification().path("result").asText().equals(result));
  }

  private void restoresToTheByte() throws Exception {
    Run.sluice("sync", database()).ok();
    Path restored = sandbox.path("restored.db");
    Run.sluice("restore", backup(), "-o", restored, "--force", "--bandwidth", "5MB");
    Copies.same("restored", SqliteFile.pages(database()), Files.readAllBytes(restored));
  }

  @Test
  void damageLossAndAStoreThatIsAway() throws Exception {
    sql("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    sql("INSERT INTO t(v) SELECT randomblob(1000) FROM generate_series(1,4000)");
    Path left = Files.createDirectories(scratch().resolve(".sluice-verify-1"));
    Files.writeString(left.resolve("verified.db"), "left by a kill");
    SluiceProcess process = start();
    found("sound");
    assertThat(left).doesNotExist();
    restoresToTheByte();
    assertThat(Run.sluice("status", "--url", url).ok().lines().get(1)).contains("sound ");
    assertThat(Http.text(url + "/metrics"))
        .contains("sluice_health{kind=\"verification_failed\",} 0.0");

    damage();
    found("failed");
    assertThat(verification().path("error").asText())
        .startsWith("the backup at " + backup() + " can't be restored: ")
        .contains("'sluice snapshot " + database() + "'");
    assertThat(process.err()).contains("ERROR app.db: the backup at " + backup());
    assertThat(Run.sluice("verify", backup()).status()).isEqualTo(6);
    assertThat(Run.sluice("status", "--url", url).ok().out())
        .contains("the backup at " + backup() + " can't be restored: ");

    sql("INSERT INTO t(v) VALUES('new')");
    Run.sluice("snapshot", database()).ok();
    found("sound");
    restoresToTheByte();

    Files.move(sandbox.path("store"), sandbox.path("store-away"));
    found("missing");
    Files.move(sandbox.path("store-away"), sandbox.path("store"));
    found("sound");

    process.kill();
    process = start();
    assertThat(verification().path("millis").asLong()).isPositive();
    sql("INSERT INTO t(v) VALUES('newer')");
    restoresToTheByte();
    found("sound");
    process.stop();
    try (Stream<Path> files = Files.list(scratch())) {
      assertThat(files).isEmpty();
    }
  }

  /** Flips a byte in the middle of every file that the store has. */
  private void damage() throws Exception {
    List<Path> files;
    try (Stream<Path> all = Files.walk(sandbox.path("store"))) {
      files = all.filter(file -> file.toString().endsWith(".ltx")).toList();
    }
    assertThat(files).isNotEmpty();
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
    }
  }
}
