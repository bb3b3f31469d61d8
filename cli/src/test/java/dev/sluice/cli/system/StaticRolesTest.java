package dev.sluice.cli.system;

import static dev.sluice.cli.system.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Clusters in which people say which node is the primary. */
@Timeout(180)
class StaticRolesTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** A node in either role. */
  private final class Node {
    final int number;
    final int port;
    final NodeClient client;
    private @Nullable SluiceProcess process;

    Node(int number) throws Exception {
      this.number = number;
      this.port = Sandbox.freePort();
      this.client = new NodeClient(URI.create(url()));
    }

    String url() {
      return "http://127.0.0.1:" + port;
    }

    Path file() {
      return sandbox.path("mnt" + number).resolve("app.db");
    }

    void lead(String... flags) throws Exception {
      start("static:primary", flags);
      await("it leads", () -> role().equals("primary"));
    }

    void follow(Node primary) throws Exception {
      start("static:follower", "--follow", primary.url());
      await("it follows", () -> role().equals("follower"));
    }

    SluiceProcess process() {
      return Objects.requireNonNull(process);
    }

    String role() throws Exception {
      return client.status().role();
    }

    boolean hasInSync() throws Exception {
      List<String> nodes = Objects.requireNonNull(client.cluster().durability()).inSync();
      return nodes != null && !nodes.isEmpty();
    }

    private void start(String lease, String... flags) throws Exception {
      List<Object> args =
          new ArrayList<>(
              List.of(
                  "mount",
                  "--data",
                  sandbox.path("data" + number),
                  "--fuse-binding",
                  Sandbox.BINDING,
                  "--lease",
                  lease,
                  "--lease-ttl",
                  "1s",
                  "--listen",
                  "127.0.0.1:" + port));
      args.addAll(List.of(flags));
      args.add(sandbox.path("mnt" + number));
      process = sandbox.sluice("node" + number, args.toArray()).serving();
    }

    String sql(String sql) throws Exception {
      return sandbox.run("sqlite3", file(), sql).strip();
    }

    void awaits(Node other) throws Exception {
      Position position = other.client.position("app.db");
      // It may not have heard of the database yet.
      await(
          position.toString(),
          () -> client.await("app.db", position, TestCluster.PATIENCE).reached());
    }
  }

  @Test
  void rolesAreWhatIsConfigured() throws Exception {
    Node one = new Node(1);
    Node two = new Node(2);
    one.lead();
    two.follow(one);
    one.sql("CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    two.awaits(one);
    assertThat(two.sql("SELECT x FROM t")).isEqualTo("1");
    assertThat(Run.sluice("cluster", "--url", two.url()).out())
        .contains("static:follower")
        .contains("epoch 1");
    Run handoff = Run.sluice("promote", "--url", two.url());
    assertThat(handoff.status()).isEqualTo(1);
    assertThat(handoff.err()).contains("--lease static:primary");

    // A primary that is gone has no successor, and is followed when it is back, in a later term.
    one.process().kill();
    one.lead();
    one.sql("INSERT INTO t VALUES(2)");
    two.awaits(one);
    assertThat(one.client.cluster().epoch()).isEqualTo(2);
    await("it has heard of the term", () -> two.client.cluster().epoch() == 2);

    // Changed places. What the follower did not get is saved, and the new history is taken.
    two.process().stop();
    one.sql("INSERT INTO t VALUES(3)");
    one.process().stop();
    two.lead("--durability", "follower", "--durability-timeout", "30s");
    one.follow(two);
    // A commit that waits for a follower would keep it from getting the difference.
    await("in sync", two::hasInSync);
    two.sql("INSERT INTO t VALUES(4)");
    one.awaits(two);
    assertThat(one.sql("SELECT group_concat(x) FROM t")).isEqualTo("1,2,4");
    assertThat(two.client.cluster().epoch()).isEqualTo(3);
    try (Stream<Path> aside = Files.walk(sandbox.path("data1/.sluice/aside"))) {
      assertThat(aside).anyMatch(file -> file.toString().endsWith(".ltx"));
    }
  }

  @Test
  void whatIsMissingIsSaid() throws Exception {
    Run run =
        Run.sluice(
            "mount", "--data", sandbox.path("d"), "--lease", "static:follower", sandbox.path("m"));
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("--follow URL of the primary");
    run =
        Run.sluice(
            "mount", "--data", sandbox.path("d"), "--lease", "static:leader", sandbox.path("m"));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("static:primary").contains("static:follower");
  }
}
