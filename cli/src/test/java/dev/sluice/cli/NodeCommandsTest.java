package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.NodeServer;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.EventLog;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeView;
import dev.sluice.node.Severity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code status} and {@code wait} against a real server. */
class NodeCommandsTest {
  private final Node node;
  private final NodeServer server;
  private Position position = Position.NONE;

  NodeCommandsTest(@TempDir Path directory) throws IOException {
    node = new Node(Databases.open(directory));
    server = NodeServer.start(ListenAddress.parse("127.0.0.1:0"), node, null, new Metrics());
  }

  /** A follower that is two transactions behind, with a log and nothing else. */
  private static final class Node implements NodeView {
    private final Databases databases;
    private final EventLog events = new EventLog();
    volatile long gaps;
    volatile @Nullable String notReady = "shop/app.db has not caught up yet";
    volatile List<HealthProblem> health = List.of();
    volatile List<HealthProblem> databaseHealth = List.of();
    volatile DatabaseStatus.@Nullable VerificationStatus verification;

    Node(Databases databases) {
      this.databases = databases;
    }

    @Override
    public EventLog events() {
      return events;
    }

    @Override
    public Databases databases() {
      return databases;
    }

    @Override
    public String nodeId() {
      return "00000000deadbeef";
    }

    @Override
    public String role() {
      return "follower";
    }

    @Override
    public @Nullable String notReady() {
      return notReady;
    }

    @Override
    public List<HealthProblem> health() {
      return health;
    }

    @Override
    public boolean connected() {
      return true;
    }

    @Override
    public List<DatabaseStatus> status() {
      return databases.all().stream().map(this::status).toList();
    }

    @Override
    public @Nullable DatabaseStatus status(String name) {
      Database database = databases.get(name);
      return database == null ? null : status(database);
    }

    private DatabaseStatus status(Database database) {
      return new DatabaseStatus(
          database.name(),
          database.position().toString(),
          database.applied().toString(),
          database.pageSize(),
          database.pageCount(),
          database.lastCommitMillis(),
          4_096,
          0,
          gaps,
          List.of(
              new DatabaseStatus.StoreStatus(
                  "file:///b", database.position().toString(), 0, 0, 0, null, verification, false)),
          new DatabaseStatus.FollowStatus(database.position().toString(), 2, 1_500),
          null,
          databaseHealth);
    }
  }

  @BeforeEach
  void commit() throws IOException {
    Database database = node.databases().open("shop/app.db");
    database.commit(
        512,
        1,
        new int[] {1},
        1,
        (pgno, target) -> {
          while (target.hasRemaining()) {
            target.put((byte) 7);
          }
        });
    position = database.position();
  }

  @AfterEach
  void close() {
    server.close();
    node.databases().close();
  }

  private Run await(String database, Position wanted) {
    return Run.sluice(
        "wait", "--url", server.url(), "--position", wanted, "--timeout", "50ms", database);
  }

  @Test
  void showsStatusInATable() {
    List<String> lines = Run.sluice("status", "--url", server.url()).ok().lines();
    assertThat(lines.get(0).split("  +"))
        .containsExactly("NODE", "ROLE", "DATABASE", "POSITION", "LAG", "STORE", "LAST COMMIT");
    String[] cells = lines.get(1).split("  +");
    assertThat(cells)
        .startsWith(
            server.url().toString(),
            "follower",
            "shop/app.db",
            position.toString(),
            "2 tx, 1.5 s",
            "up to date");
    assertThat(cells[6]).endsWith(" ago");
    assertThat(lines.get(2))
        .isEqualTo(server.url() + " is not ready: shop/app.db has not caught up yet");
  }

  @Test
  void showsHowBackupsWereFoundAndWhatWasMissed() throws Exception {
    node.gaps = 3;
    node.verification =
        new VerificationStatus(
            "failed", System.currentTimeMillis() - 7_200_000, "it's bad", "away");
    List<String> lines = Run.sluice("status", "--url", server.url()).ok().lines();
    assertThat(lines.get(0)).endsWith("  VERIFIED");
    assertThat(lines.get(1)).endsWith("  failed 2 h ago");
    assertThat(lines)
        .contains(
            server.url()
                + " shop/app.db: 3 times since the start changes could not be followed one by one;"
                + " states in between can't be restored",
            server.url() + " shop/app.db: it's bad",
            server.url()
                + " shop/app.db: the backup at file:///b could not be verified, which is tried"
                + " again: away");
    var json = Run.sluice("status", "--json", "--url", server.url()).ok().json();
    assertThat(json.at("/0/status/databases/0/gaps").asInt()).isEqualTo(3);
    assertThat(json.at("/0/status/databases/0/stores/0/verification/result").asText())
        .isEqualTo("failed");
    node.verification = new VerificationStatus("pending", 0, null, null);
    assertThat(Run.sluice("status", "--url", server.url()).ok().lines().get(1))
        .endsWith("  not yet");
  }

  @Test
  void showsWhatIsWrong() throws Exception {
    node.notReady = null;
    assertThat(Run.sluice("status", "--url", server.url()).ok().lines())
        .hasSize(3)
        .endsWith(server.url() + " is healthy");

    node.health = List.of(problem("disk_low", Severity.WARNING, "5 MB are free; make room"));
    node.databaseHealth =
        List.of(problem("verification_failed", Severity.ERROR, "it's bad; put a snapshot"));
    node.verification =
        new VerificationStatus(
            "failed", System.currentTimeMillis(), "it's bad; put a snapshot", null);
    assertThat(Run.sluice("status", "--url", server.url()).ok().lines())
        .hasSize(4)
        .endsWith(
            server.url() + ": warning: disk_low: 5 MB are free; make room",
            server.url() + " shop/app.db: error: verification_failed: it's bad; put a snapshot");
    var json = Run.sluice("status", "--json", "--url", server.url()).ok().json();
    assertThat(json.at("/0/status/health/0/kind").asText()).isEqualTo("disk_low");
    assertThat(json.at("/0/status/databases/0/health/0/message").asText()).startsWith("it's bad");
  }

  private static HealthProblem problem(String kind, Severity severity, String message) {
    return new HealthProblem(kind, severity, message, "2026-11-26T08:00:00.000Z");
  }

  @Test
  void aNodeOfAnOlderVersionIsNotCalledHealthy() throws Exception {
    byte[] status =
        """
        {"nodeId": "00000000deadbeef", "role": "primary", "epoch": 0, "ready": true,
         "notReady": null, "connected": true, "version": "0.0.9",
         "databases": [{"name": "app.db", "position": "0000000000000001/8000000000000000",
           "applied": "0000000000000001/8000000000000000", "pageSize": 512, "pageCount": 1,
           "lastCommitMillis": 0, "logBytes": 0, "gaps": 0, "stores": [], "follow": null,
           "error": null}]}
        """
            .getBytes(StandardCharsets.UTF_8);
    HttpServer old =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    old.createContext(
        "/v1/status",
        exchange -> {
          exchange.sendResponseHeaders(200, status.length);
          exchange.getResponseBody().write(status);
          exchange.close();
        });
    old.start();
    try {
      String url = "http://127.0.0.1:" + old.getAddress().getPort();
      List<String> lines = Run.sluice("status", "--url", url).ok().lines();
      assertThat(lines).hasSize(2);
      assertThat(lines.get(1)).contains("app.db");
      var json = Run.sluice("status", "--json", "--url", url).ok().json();
      assertThat(json.at("/0/status/health").isNull()).isTrue();
    } finally {
      old.stop(0);
    }
  }

  @Test
  void showsStatusAsJson() throws Exception {
    var answer = Run.sluice("status", "--json", "--url", server.url()).ok().json().get(0);
    assertThat(answer.get("url").asText()).isEqualTo(server.url().toString());
    assertThat(answer.at("/status/databases/0/position").asText()).isEqualTo(position.toString());
  }

  @Test
  void showsOneNodeWhenAnotherGivesNoAnswer() throws Exception {
    String unused;
    try (ServerSocket socket = new ServerSocket(0)) {
      unused = "http://127.0.0.1:" + socket.getLocalPort();
    }
    Run run = Run.sluice("status", "--url", unused, "--url", server.url());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("sluice: node " + unused + " gives no answer");
    assertThat(run.out()).contains("shop/app.db");
    assertThat(Run.sluice("wait", "--url", unused, "--position", position, "x").status())
        .isEqualTo(1);
  }

  @Test
  void waits() {
    assertThat(await("shop/app.db", position).ok().lines())
        .containsExactly("shop/app.db: reached, at " + position);
    Position later = new Position(position.txid() + 1, position.checksum());
    await("shop/app.db", later)
        .fails(
            3,
            "shop/app.db: not reached within 50 ms, "
                + server.url()
                + " is at "
                + position
                + "; wait longer, or see 'sluice status'");
    Position other = new Position(position.txid(), position.checksum() ^ 1);
    await("shop/app.db", other)
        .fails(
            4,
            "shop/app.db: "
                + server.url()
                + " is on another history, at "
                + position
                + "; take the position from the primary it follows");
    await("no.db", position)
        .fails(
            5,
            "no.db: " + server.url() + " has no such database; 'sluice status' names those it has");
  }

  @Test
  void refusesBadOptions() {
    Run.sluice("wait", "--position", "12", "x")
        .fails(
            2,
            "invalid value for option '--position': position \"12\": column 3: ends early, expected"
                + " 16 digits, '/', 16 digits; 'sluice wait --help' shows the usage");
    assertThat(Run.sluice("wait", "--position", position, "--timeout", "5", "x").err())
        .contains("500ms");
    assertThat(Run.sluice("status", "--url", "ftp://x").err()).contains("http://127.0.0.1:4480");
  }
}
