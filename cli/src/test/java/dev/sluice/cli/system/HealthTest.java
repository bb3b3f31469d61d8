package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What goes wrong with a real node is seen everywhere, and told. */
@Timeout(120)
class HealthTest {
  private static final String NAME = "app.db";

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private String url = "";

  private SluiceProcess start() throws Exception {
    int port = Sandbox.freePort();
    url = "http://127.0.0.1:" + port;
    Path config = sandbox.path("sluice.yml");
    Files.writeString(
        config,
        """
        data: %s
        listen: 127.0.0.1:%d
        store: %s
        sync-interval: 50ms
        backup-objective: 1s
        min-free: 1000000GiB
        on-event: cat >> '%s'
        """
            .formatted(
                Files.createDirectories(sandbox.path("data")),
                port,
                sandbox.store(),
                sandbox.path("events")));
    return sandbox.sluice("node", "replicate", "--config", config);
  }

  private void sql(String sql) throws Exception {
    sandbox.run("sqlite3", "-cmd", ".timeout 10000", sandbox.path("data/" + NAME), sql);
  }

  private List<String> kinds() throws Exception {
    JsonNode health = Http.json(url + "/healthz?verbose");
    return health.at("/databases/0/health").findValuesAsText("kind");
  }

  private String told() throws Exception {
    Path events = sandbox.path("events");
    return Files.exists(events) ? Files.readString(events) : "";
  }

  @Test
  void aStoreThatIsAwayAndADiskThatIsSmall() throws Exception {
    SluiceProcess process = start();
    process.await(line -> line.startsWith("replicating "));
    sql("PRAGMA journal_mode=wal; CREATE TABLE t(v); INSERT INTO t VALUES(1)");
    Replicated.eventually("it is there", () -> Http.text(url + "/metrics").contains(NAME));
    Replicated.eventually(
        "the disk is too small",
        () -> Http.text(url + "/metrics").contains("sluice_health{kind=\"disk_low\",} 1.0"));
    assertThat(Http.json(url + "/v1/status").at("/health/0/kind").asText()).isEqualTo("disk_low");

    Replicated.eventually("shipped", () -> Files.exists(sandbox.path("store")));
    Files.move(sandbox.path("store"), sandbox.path("away"));
    Files.writeString(sandbox.path("store"), "no directory");
    sql("INSERT INTO t VALUES(2)");
    Replicated.eventually("late", () -> kinds().containsAll(List.of("store_error", "backup_late")));
    assertThat(Http.text(url + "/metrics"))
        .contains(
            "sluice_health{kind=\"backup_late\",} 1.0",
            "sluice_database_health{database=\"" + NAME + "\",kind=\"backup_late\",} 1.0");
    assertThat(Http.text(url + "/healthz")).isEqualTo("{\"status\":\"ok\"}");
    Replicated.eventually("told", () -> told().contains("\"backup_late\""));

    Files.delete(sandbox.path("store"));
    Files.move(sandbox.path("away"), sandbox.path("store"));
    Replicated.eventually("over", () -> kinds().isEmpty());
    Replicated.eventually(
        "told that", () -> told().contains("\"backup_late\",\"change\":\"cleared\""));

    assertThat(process.err())
        .contains(
            "ERROR this node: disk_low: ",
            "less than 'min-free'",
            "ERROR app.db: backup_late: ",
            "app.db: backup_late is over");
    List<String> events = Http.json(url + "/v1/events?limit=1000").findValuesAsText("kind");
    assertThat(events)
        .contains("role_changed", "disk_low", "store_error", "backup_late")
        .hasSizeLessThan(20);
    assertThat(told().lines().count()).isEqualTo(events.size());
    // It counts once the command has ended, which is after it has written.
    String delivered = "sluice_hook_events_total{outcome=\"delivered\",} " + events.size() + ".0";
    Replicated.eventually("counted", () -> Http.text(url + "/metrics").contains(delivered));
    assertThat(Http.text(url + "/metrics"))
        .contains("sluice_ship_seconds_count")
        .doesNotContain("sluice_ship_seconds_count 0.0\n")
        .doesNotContain("sluice_log_sync_seconds_count 0.0\n");

    SluiceProcess follower =
        sandbox
            .sluice(
                "follower", "follow", url, NAME, sandbox.path("copy.db"), "--listen", "127.0.0.1:0")
            .serving();
    sql("INSERT INTO t VALUES(3)");
    String followed = follower.url() + "/metrics";
    Replicated.eventually(
        "applied", () -> !Http.text(followed).contains("sluice_replication_seconds_count 0.0\n"));
    // One machine: what it took the first transactions to come, in milliseconds, at most.
    assertThat(Http.text(followed)).containsPattern("(?m)^sluice_clock_offset_seconds -?0\\.");
    process.stop();
    Replicated.eventually(
        "alone", () -> Http.text(followed).contains("sluice_health{kind=\"not_connected\",} 1.0"));
    follower.stop();
  }
}
