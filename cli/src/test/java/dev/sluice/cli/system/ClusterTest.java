package dev.sluice.cli.system;

import static dev.sluice.cli.system.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three nodes take turns as the primary, by a lease in a directory. Applications write on whichever
 * is; what was acknowledged is on all of them in the end, the same bytes.
 */
@Timeout(300)
class ClusterTest {
  /** Rows that may be acknowledged and not yet on a follower: one every 2 ms. */
  private static final int LATEST = 20;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private TestCluster start(String mode) throws Exception {
    TestCluster cluster =
        new TestCluster(sandbox, "--store", sandbox.store(), "--sync-interval", "100ms");
    cluster.start(3, mode);
    return cluster;
  }

  @Test
  void handsOverWithoutAFailedWrite() throws Exception {
    TestCluster cluster = start("wal");
    TestCluster.Writer writer = cluster.writer();
    try (writer) {
      for (int i = 0; i < 4; i++) {
        writer.go(50);
        TestCluster.Member from = cluster.primary();
        TestCluster.Member to = cluster.followers().get(i % 2);
        Run run =
            i % 2 == 0
                ? Run.sluice("handoff", "--url", from.client.url(), to.line.url())
                : Run.sluice("promote", "--url", to.client.url());
        assertThat(run.status()).as(run.err()).isZero();
        await("the other is the primary", to::isPrimary);
      }
      writer.go(50);
    }
    assertThat(writer.failures()).isEmpty();
    cluster.check(writer);
    Run shown = Run.sluice("cluster", "--url", cluster.primary().client.url());
    assertThat(shown.out()).contains("epoch 5").contains("primary").contains("follower");
  }

  @Test
  void aPrimaryThatIsStoppedHandsOver() throws Exception {
    TestCluster cluster = start("wal");
    TestCluster.Writer writer = cluster.writer();
    TestCluster.Member stopped;
    try (writer) {
      writer.go(50);
      stopped = cluster.primary();
      stopped.process.stop();
      writer.go(50);
    }
    stopped.start();
    cluster.check(writer);
    assertThat(sandbox.path("data" + stopped.number + "/.sluice/aside")).doesNotExist();
  }

  /** What followers had is not lost; the one that was killed comes back as a follower. */
  @Test
  void anotherTakesOverFromOneThatIsKilled() throws Exception {
    TestCluster cluster = start("wal");
    TestCluster.Writer writer = cluster.writer();
    TestCluster.Member killed;
    try (writer) {
      writer.go(50);
      killed = cluster.primary();
      killed.process.kill();
      writer.go(50);
    }
    sandbox.unmount("node" + killed.number);
    killed.start();
    cluster.check(writer, LATEST);
  }

  /** Not even what was under way when it was stopped; on a machine that sleeps it is the same. */
  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void aPrimaryThatWasPausedAcknowledgesNothing(String mode) throws Exception {
    TestCluster cluster = start(mode);
    TestCluster.Writer writer = cluster.writer();
    try (writer) {
      writer.go(50);
      TestCluster.Member paused = cluster.primary();
      paused.signal("STOP");
      try {
        await(
            "another primary",
            () ->
                cluster.members.stream()
                    .anyMatch(member -> member != paused && member.isPrimary()));
      } finally {
        paused.signal("CONT");
      }
      writer.go(50);
    }
    cluster.check(writer, LATEST);
  }

  @Test
  void whatOthersLackIsSavedAside() throws Exception {
    TestCluster cluster = start("wal");
    TestCluster.Member killed = cluster.primary();
    List<TestCluster.Member> others = cluster.followers();
    for (TestCluster.Member other : others) {
      other.signal("STOP");
    }
    // More than the sockets hold.
    try (Connection connection = SqliteFile.open(killed.file());
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE big (b)");
      for (int i = 0; i < 60; i++) {
        statement.execute("INSERT INTO big VALUES (randomblob(1000000))");
      }
    }
    killed.process.kill();
    sandbox.unmount("node" + killed.number);
    for (TestCluster.Member other : others) {
      other.signal("CONT");
    }
    TestCluster.Writer writer = cluster.writer();
    try (writer) {
      writer.go(20);
    }
    killed.start();
    cluster.check(writer);
    List<Path> aside = files(sandbox.path("data" + killed.number + "/.sluice/aside"));
    assertThat(aside).isNotEmpty();
    assertThat(aside.stream().filter(file -> file.endsWith("README.txt"))).hasSize(1);
    for (Path file : aside) {
      if (file.toString().endsWith(".ltx")) {
        Run verify = Run.sluice("ltx", "verify", file);
        assertThat(verify.status()).as(verify.err()).isZero();
      }
    }
    checkStore(cluster);
  }

  /** What the store has is what the primary has, though another one wrote there before. */
  private void checkStore(TestCluster cluster) throws Exception {
    String primary = cluster.primary().client.url();
    // Refused for the 15 s in which the node before may still write there.
    await("sync", () -> Run.sluice("sync", "--url", primary, "app.db").status() == 0);
    Path restored = sandbox.path("restored.db");
    Run restore = Run.sluice("restore", sandbox.store() + "/app.db", "-o", restored);
    assertThat(restore.status()).as(restore.err()).isZero();
    Copies.same("restored", SqliteFile.pages(cluster.primary().file()), SqliteFile.pages(restored));
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
