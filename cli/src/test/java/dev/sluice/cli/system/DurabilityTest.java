package dev.sluice.cli.system;

import static dev.sluice.cli.system.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.cli.system.TestCluster.Member;
import dev.sluice.cli.system.TestCluster.Writer;
import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What was acknowledged is not lost with the primary, and when that can't be, nothing is
 * acknowledged.
 */
@Timeout(300)
class DurabilityTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private TestCluster cluster(String... more) {
    return cluster("follower", List.of(more));
  }

  private TestCluster stored(String... more) throws Exception {
    Files.createDirectory(sandbox.path("disk"));
    Files.createFile(sandbox.path("nothing"));
    storeIs("disk");
    return cluster("store", List.of(more));
  }

  /** Replaces the store at once: Sluice would make a directory anew that is not there. */
  private void storeIs(String name) throws Exception {
    Path link = Files.createSymbolicLink(sandbox.path("link"), sandbox.path(name));
    Files.move(link, sandbox.path("store"), StandardCopyOption.ATOMIC_MOVE);
  }

  private TestCluster cluster(String mode, List<String> more) {
    List<String> flags = new ArrayList<>(List.of("--durability", mode));
    if (!more.contains("--durability-timeout")) {
      flags.addAll(List.of("--durability-timeout", "4s"));
    }
    if (mode.equals("store")) {
      flags.addAll(List.of("--store", sandbox.store()));
    }
    flags.addAll(more);
    return new TestCluster(sandbox, flags.toArray(String[]::new));
  }

  @Test
  void nothingAcknowledgedIsLostWithAPrimary() throws Exception {
    TestCluster cluster = cluster();
    cluster.start(3);
    cluster.allInSync();
    Writer writer = cluster.writer();
    try (writer) {
      for (int i = 0; i < 3; i++) {
        writer.go(100);
        Member killed = cluster.primary();
        killed.kill();
        writer.go(50);
        killed.start();
        cluster.allInSync();
      }
    }
    cluster.check(writer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"follower", "store"})
  void handsOverWithoutAFailedWrite(String mode) throws Exception {
    TestCluster cluster = cluster(mode, List.of());
    cluster.start(3);
    Writer writer = cluster.writer();
    try (writer) {
      for (int i = 0; i < 3; i++) {
        writer.go(50);
        Member to = cluster.followers().get(i % 2);
        Run run = Run.sluice("promote", "--url", to.client.url());
        assertThat(run.status()).as(run.err()).isZero();
        await("the other is the primary", to::isPrimary);
      }
      writer.go(50);
      assertThat(writer.failures()).isEmpty();
      // One that stops is in the set of the next, and missed there, but others are enough. Who
      // waits for it to write loses the mount.
      Member stopped = cluster.primary();
      stopped.process.stop();
      writer.go(50);
      stopped.start();
      assertThat(writer.failures()).allMatch(line -> line.contains(stopped.mount().toString()));
    }
    cluster.check(writer);
  }

  /**
   * More databases than the mount has threads wait for a follower, and keep nobody from reading.
   */
  @Test
  void manyDatabasesWaitAtOnce() throws Exception {
    TestCluster cluster = cluster("--durability-timeout", "100s");
    cluster.start(2);
    cluster.allInSync();
    Member primary = cluster.primary();
    Member follower = cluster.followers().get(0);
    List<Path> files =
        IntStream.range(0, 50).mapToObj(i -> primary.mount().resolve(i + ".db")).toList();
    Subprocess together = sandbox.python("together.py", files.toArray());
    together.await("ready"::equals);
    long before = transactions(primary);
    follower.signal("STOP");
    together.send("go");
    await("all are cut", () -> transactions(primary) >= before + files.size());
    assertThat(sandbox.run("cat", primary.mount().resolve("app.db-pos"))).contains("/");
    assertThat(sandbox.run("ls", primary.mount())).contains("49.db");
    assertThat(together.lines()).containsExactly("ready");
    follower.signal("CONT");
    together.await("all"::equals);
    assertThat(together.lines().stream().filter("ok"::equals)).hasSize(files.size());
    together.send("end");
    assertThat(together.status()).isZero();
  }

  private static long transactions(Member member) throws Exception {
    return member.client.status().databases().stream()
        .mapToLong(database -> Position.parse(database.position()).txid())
        .sum();
  }

  @Test
  void whatNoFollowerHasIsRefused() throws Exception {
    TestCluster cluster = cluster();
    cluster.start(2);
    Writer writer = cluster.writer();
    Member follower = cluster.followers().get(0);
    Member primary = cluster.primary();
    try (writer) {
      writer.go(50);
      follower.kill();
      await("a refused commit", () -> writer.failures().size() > 1);
      assertThat(writer.failures().get(0)).contains("disk I/O error");
      await("why", () -> primary.process.err().contains("commits are refused: 0 of the 1"));
      Run status = Run.sluice("cluster", "--url", primary.client.url());
      assertThat(status.out()).contains("durability follower").contains("0 of the 1 followers");
      assertThat(Http.text(primary.client.url() + "/metrics"))
          .contains("sluice_durability_degraded 0.0")
          .doesNotContain("sluice_durability_refused_total 0.0");
      follower.start();
      writer.go(50);
    }
    cluster.check(writer);
  }

  @Test
  void degradesWhenThatIsWanted() throws Exception {
    TestCluster cluster = cluster("--durability-on-timeout", "degrade");
    cluster.start(2);
    cluster.allInSync();
    Writer writer = cluster.writer();
    Member follower = cluster.followers().get(0);
    Member primary = cluster.primary();
    try (writer) {
      writer.go(50);
      follower.kill();
      writer.go(50);
      await("a word of it", () -> primary.process.err().contains("durability is degraded"));
      Run status = Run.sluice("cluster", "--url", primary.client.url());
      assertThat(status.out()).contains("degraded");
      assertThat(Http.text(primary.client.url() + "/metrics"))
          .contains("sluice_durability_degraded 1.0");
      writer.go(50);
      follower.start();
      await(
          "as configured",
          () -> primary.process.err().contains("durability is as configured again"));
      writer.go(50);
      await(
          "the metric",
          () ->
              Http.text(primary.client.url() + "/metrics")
                  .contains("sluice_durability_degraded 0.0"));
    }
    assertThat(writer.failures()).isEmpty();
    cluster.check(writer);
  }

  @Test
  void aNodeOutsideOfTheSetDoesNotTakeOver() throws Exception {
    TestCluster cluster = cluster();
    cluster.start(3);
    cluster.allInSync();
    Member primary = cluster.primary();
    Member inside = cluster.followers().get(0);
    Member outside = cluster.followers().get(1);
    Writer writer = cluster.new Writer(List.of(primary, inside));
    try (writer) {
      writer.go(50);
      outside.signal("STOP");
      await("it is out of the set", () -> primary.inSync().equals(List.of(inside.id())));
      writer.go(50);
      inside.kill();
      primary.kill();
      outside.signal("CONT");
      await(
          "why it does not take over",
          () -> outside.process.err().contains("this node does not take it"));
      assertThat(outside.isPrimary()).isFalse();
      Run status = Run.sluice("cluster", "--url", outside.client.url());
      assertThat(status.out()).contains("promote --force");

      inside.start();
      writer.go(50);
      primary.start();
    }
    cluster.check(writer);
  }

  @Test
  void aPersonCanForceIt() throws Exception {
    TestCluster cluster = cluster();
    cluster.start(2);
    Member primary = cluster.primary();
    Member follower = cluster.followers().get(0);
    Run held = Run.sluice("promote", "--force", "--url", follower.client.url());
    assertThat(held.status()).isNotZero();
    assertThat(held.err()).contains("has the lease");

    cluster.members.add(cluster.new Member(3));
    Member other = cluster.members.get(2);
    cluster.allInSync();
    follower.kill();
    other.kill();
    primary.kill();
    // It loses what it had.
    sandbox.run("rm", "-r", sandbox.path("data3"));
    sandbox.run("cp", "-r", sandbox.path("data" + follower.number), sandbox.path("data3"));
    sandbox.run("rm", sandbox.path("data3/.sluice/node.json"));
    other.start();
    await("why", () -> other.process.err().contains("this node does not take it"));
    Run run = Run.sluice("promote", "--force", "--url", other.client.url());
    assertThat(run.status()).as(run.err()).isZero();
    await("the primary", other::isPrimary);
    primary.start();
    follower.start();
    Writer writer = cluster.writer();
    try (writer) {
      writer.go(20);
    }
    cluster.check(writer);
  }

  /** The followers got nothing of it. */
  @Test
  void whatTheStoreHasIsNotLostWithAPrimary() throws Exception {
    TestCluster cluster = stored();
    cluster.start(3);
    Writer writer = cluster.writer();
    Member killed = cluster.primary();
    try (writer) {
      writer.go(20);
      killed.line.cut();
      writer.go(50);
      killed.kill();
      writer.go(20);
      Member next = cluster.primary();
      assertThat(next.process.err()).contains("taken from file://");
      killed.line.mend();
      killed.start();
    }
    cluster.check(writer);
  }

  @Test
  void whatTheStoreDoesNotTakeIsRefused() throws Exception {
    TestCluster cluster = stored();
    cluster.start(1);
    Member primary = cluster.primary();
    Writer writer = cluster.writer();
    try (writer) {
      writer.go(20);
      storeIs("nothing");
      await("a refused commit", () -> writer.failures().size() > 1);
      assertThat(writer.failures().get(0)).contains("disk I/O error");
      Run status = Run.sluice("cluster", "--url", primary.client.url());
      assertThat(status.out())
          .contains("durability store")
          .contains("stores are behind, of app.db");
      storeIs("disk");
      writer.go(20);
    }
    cluster.check(writer);
  }

  @Test
  void goesOnWithoutAStoreWhenThatIsWanted() throws Exception {
    TestCluster cluster = stored("--durability-on-timeout", "degrade");
    cluster.start(1);
    Member primary = cluster.primary();
    Writer writer = cluster.writer();
    try (writer) {
      writer.go(20);
      storeIs("nothing");
      await("a word of it", () -> primary.process.err().contains("durability is degraded"));
      writer.go(50);
      assertThat(Http.text(primary.client.url() + "/metrics"))
          .contains("sluice_durability_degraded 1.0");
      storeIs("disk");
      await(
          "as configured",
          () -> primary.process.err().contains("its stores have everything again"));
      writer.go(20);
    }
    assertThat(writer.failures()).isEmpty();
    cluster.check(writer);
  }
}
