package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeStatus;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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
  private static final Duration TTL = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Rows that may be acknowledged and not yet on a follower: one every 2 ms. */
  private static final int LATEST = 20;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final List<Member> members = new ArrayList<>();

  /** A node: its process, its mount, and how it is asked. */
  private final class Member {
    final int number;
    final int port;
    final NodeClient client;
    SluiceProcess process;

    Member(int number) throws Exception {
      this.number = number;
      this.port = Sandbox.freePort();
      this.client = new NodeClient(URI.create("http://127.0.0.1:" + port));
      this.process = start();
    }

    SluiceProcess start() throws Exception {
      process =
          sandbox
              .sluice(
                  "node" + number,
                  "mount",
                  "--data",
                  sandbox.path("data" + number),
                  "--fuse-binding",
                  Sandbox.BINDING,
                  "--lease",
                  "file://" + sandbox.path("lease"),
                  "--lease-ttl",
                  TTL.toSeconds() + "s",
                  "--store",
                  sandbox.store(),
                  "--sync-interval",
                  "100ms",
                  "--listen",
                  "127.0.0.1:" + port,
                  mount())
              .serving();
      return process;
    }

    Path mount() {
      return sandbox.path("node" + number);
    }

    Path file() {
      return mount().resolve("app.db");
    }

    boolean isPrimary() {
      try {
        return client.status().role().equals("primary");
      } catch (IOException e) {
        return false;
      }
    }

    void signal(String signal) throws Exception {
      sandbox.run("kill", "-" + signal, process.process().pid());
    }
  }

  /** An application that writes on whichever node takes it, and what it was told. */
  private final class Writer implements AutoCloseable {
    private final Subprocess process;

    Writer() throws IOException {
      process = sandbox.python("clustered.py", members.stream().map(Member::file).toArray());
    }

    /** Rows of which it was told that they are committed. */
    Set<Long> acknowledged() {
      return rows("ok ");
    }

    /** Rows whose commit failed with something else than SQLITE_BUSY: they may be there. */
    Set<Long> unknown() {
      return rows("failed ");
    }

    List<String> failures() {
      return process.lines().stream().filter(line -> line.startsWith("failed ")).toList();
    }

    private Set<Long> rows(String how) {
      return process.lines().stream()
          .filter(line -> line.startsWith(how))
          .map(line -> Long.parseLong(line.split(" ", -1)[1]))
          .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Returns when it has written some more. */
    void go(int more) throws Exception {
      int until = acknowledged().size() + more;
      await("rows written", () -> acknowledged().size() >= until);
    }

    @Override
    public void close() throws IOException {
      process.send("stop");
      try {
        assertThat(process.status()).as(process.toString()).isZero();
      } catch (InterruptedException e) {
        throw new InterruptedIOException();
      }
    }
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private Member primary() throws Exception {
    List<Member> found = new ArrayList<>();
    await(
        "a primary",
        () -> {
          found.clear();
          members.stream().filter(Member::isPrimary).forEach(found::add);
          return found.size() == 1;
        });
    return found.get(0);
  }

  private List<Member> followers() throws Exception {
    Member primary = primary();
    List<Member> others = members.stream().filter(member -> member != primary).toList();
    await(
        "followers",
        () -> {
          for (Member other : others) {
            NodeStatus status = other.client.status();
            if (!status.role().equals("follower") || !status.connected() || !status.ready()) {
              return false;
            }
          }
          return true;
        });
    return others;
  }

  private void start() throws Exception {
    start("wal");
  }

  private void start(String mode) throws Exception {
    for (int number = 1; number <= 3; number++) {
      members.add(new Member(number));
    }
    try (Connection connection = SqliteFile.open(primary().file());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=" + mode);
      statement.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
    }
    followersHaveAll();
  }

  private void followersHaveAll() throws Exception {
    Position position = primary().client.position("app.db");
    for (Member follower : followers()) {
      await(
          "position " + position + " on node " + follower.number,
          () -> follower.client.await("app.db", position, PATIENCE).reached());
    }
  }

  /** All nodes have the same bytes, and every row that was acknowledged. */
  private void check(Writer writer) throws Exception {
    check(writer, 0);
  }

  /**
   * The same; replication is asynchronous, so that of the rows that were acknowledged just before
   * the primary was lost some may lack.
   */
  private void check(Writer writer, int mayLack) throws Exception {
    followersHaveAll();
    byte[] pages = SqliteFile.pages(primary().file());
    for (Member follower : followers()) {
      Copies.same("node " + follower.number, pages, SqliteFile.pages(follower.file()));
    }
    assertThat(SqliteFile.query(primary().file(), "PRAGMA integrity_check")).isEqualTo("ok");
    TreeSet<Long> rows = new TreeSet<>();
    try (Connection connection = SqliteFile.open(primary().file());
        Statement statement = connection.createStatement();
        var found = statement.executeQuery("SELECT a FROM t")) {
      while (found.next()) {
        rows.add(found.getLong(1));
      }
    }
    TreeSet<Long> lacking = new TreeSet<>(writer.acknowledged());
    lacking.removeAll(rows);
    assertThat(lacking).hasSizeLessThanOrEqualTo(mayLack);
    rows.removeAll(writer.acknowledged());
    assertThat(writer.unknown()).containsAll(rows);
  }

  @Test
  void handsOverWithoutAFailedWrite() throws Exception {
    start();
    Writer writer = new Writer();
    try (writer) {
      for (int i = 0; i < 4; i++) {
        writer.go(50);
        Member from = primary();
        Member to = followers().get(i % 2);
        Run run =
            i % 2 == 0
                ? Run.sluice("handoff", "--url", from.client.url(), to.client.url())
                : Run.sluice("promote", "--url", to.client.url());
        assertThat(run.status()).as(run.err()).isZero();
        await("the other is the primary", to::isPrimary);
      }
      writer.go(50);
    }
    assertThat(writer.failures()).isEmpty();
    check(writer);
    Run cluster = Run.sluice("cluster", "--url", primary().client.url());
    assertThat(cluster.out()).contains("epoch 5").contains("primary").contains("follower");
  }

  @Test
  void aPrimaryThatIsStoppedHandsOver() throws Exception {
    start();
    Writer writer = new Writer();
    Member stopped;
    try (writer) {
      writer.go(50);
      stopped = primary();
      stopped.process.stop();
      writer.go(50);
    }
    stopped.start();
    check(writer);
    assertThat(sandbox.path("data" + stopped.number + "/.sluice/aside")).doesNotExist();
  }

  /** What followers had is not lost; the one that was killed comes back as a follower. */
  @Test
  void anotherTakesOverFromOneThatIsKilled() throws Exception {
    start();
    Writer writer = new Writer();
    Member killed;
    try (writer) {
      writer.go(50);
      killed = primary();
      killed.process.kill();
      writer.go(50);
    }
    sandbox.unmount("node" + killed.number);
    killed.start();
    check(writer, LATEST);
  }

  /** Not even what was under way when it was stopped; on a machine that sleeps it is the same. */
  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void aPrimaryThatWasPausedAcknowledgesNothing(String mode) throws Exception {
    start(mode);
    Writer writer = new Writer();
    try (writer) {
      writer.go(50);
      Member paused = primary();
      paused.signal("STOP");
      try {
        await(
            "another primary",
            () -> members.stream().anyMatch(member -> member != paused && member.isPrimary()));
      } finally {
        paused.signal("CONT");
      }
      writer.go(50);
    }
    check(writer, LATEST);
  }

  @Test
  void whatOthersLackIsSavedAside() throws Exception {
    start();
    Member killed = primary();
    List<Member> others = followers();
    for (Member other : others) {
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
    for (Member other : others) {
      other.signal("CONT");
    }
    Writer writer = new Writer();
    try (writer) {
      writer.go(20);
    }
    killed.start();
    check(writer);
    List<Path> aside = files(sandbox.path("data" + killed.number + "/.sluice/aside"));
    assertThat(aside).isNotEmpty();
    assertThat(aside.stream().filter(file -> file.endsWith("README.txt"))).hasSize(1);
    for (Path file : aside) {
      if (file.toString().endsWith(".ltx")) {
        Run verify = Run.sluice("ltx", "verify", file);
        assertThat(verify.status()).as(verify.err()).isZero();
      }
    }
    checkStore();
  }

  /** What the store has is what the primary has, though another one wrote there before. */
  private void checkStore() throws Exception {
    String primary = primary().client.url();
    // Refused for the 15 s in which the node before may still write there.
    await("sync", () -> Run.sluice("sync", "--url", primary, "app.db").status() == 0);
    Path restored = sandbox.path("restored.db");
    Run restore = Run.sluice("restore", sandbox.store() + "/app.db", "-o", restored);
    assertThat(restore.status()).as(restore.err()).isZero();
    Copies.same("restored", SqliteFile.pages(primary().file()), SqliteFile.pages(restored));
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
