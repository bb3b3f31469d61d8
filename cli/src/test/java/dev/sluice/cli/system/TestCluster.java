package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeStatus;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Nodes with mounts that take turns as the primary, by a lease in a directory, and who writes
 * there.
 */
final class TestCluster {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Sandbox sandbox;
  private final List<String> flags;
  final List<Member> members = new ArrayList<>();

  /**
   * @param flags of each node, beside those of every cluster
   */
  TestCluster(Sandbox sandbox, String... flags) {
    this.sandbox = sandbox;
    this.flags = List.of(flags);
  }

  /** A node: its process, its mount, and how it is asked. */
  final class Member {
    final int number;
    final int port;
    final NodeClient client;

    /** Where others reach it, when that is not where it listens. */
    final Line line;

    SluiceProcess process;

    Member(int number) throws Exception {
      this.number = number;
      this.port = Sandbox.freePort();
      this.line = new Line(port);
      this.client = new NodeClient(URI.create("http://127.0.0.1:" + port));
      this.process = start();
    }

    SluiceProcess start() throws Exception {
      List<Object> args =
          new ArrayList<>(
              List.of(
                  "mount",
                  "--data",
                  sandbox.path("data" + number),
                  "--fuse-binding",
                  Sandbox.BINDING,
                  "--lease",
                  "file://" + sandbox.path("lease"),
                  "--lease-ttl",
                  "3s",
                  "--listen",
                  "127.0.0.1:" + port,
                  "--advertise",
                  line.url()));
      args.addAll(flags);
      args.add(mount());
      process = sandbox.sluice("node" + number, args.toArray()).serving();
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

    List<String> inSync() throws IOException {
      var durability = client.cluster().durability();
      return durability == null || durability.inSync() == null ? List.of() : durability.inSync();
    }

    String id() throws IOException {
      return client.status().nodeId();
    }

    void kill() throws Exception {
      process.kill();
      sandbox.unmount("node" + number);
    }

    void signal(String signal) throws Exception {
      sandbox.run("kill", "-" + signal, process.process().pid());
    }
  }

  /** An application that writes on whichever node takes it, and what it was told. */
  final class Writer implements AutoCloseable {
    private final Subprocess process;

    Writer(List<Member> where) throws IOException {
      process = sandbox.python("clustered.py", where.stream().map(Member::file).toArray());
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

  Writer writer() throws IOException {
    return new Writer(members);
  }

  static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** The one that is. */
  Member primary() throws Exception {
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

  /** The others, when they have caught up. */
  List<Member> followers() throws Exception {
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

  /** Starts so many nodes, and makes a table {@code t}, with a WAL, when commits are taken. */
  void start(int nodes) throws Exception {
    start(nodes, "wal");
  }

  /** The same in a journal mode. */
  void start(int nodes, String mode) throws Exception {
    for (int number = 1; number <= nodes; number++) {
      members.add(new Member(number));
    }
    followers();
    await("a commit", () -> createTable(mode));
    followersHaveAll();
  }

  private boolean createTable(String mode) throws Exception {
    try (Connection connection = SqliteFile.open(primary().file());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=" + mode);
      statement.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY)");
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  /** Returns when all followers are in the set of those that may be next. */
  void allInSync() throws Exception {
    Member primary = primary();
    await("all in sync", () -> primary.inSync().size() == members.size() - 1);
  }

  void followersHaveAll() throws Exception {
    Position position = primary().client.position("app.db");
    for (Member follower : followers()) {
      await(
          "position " + position + " on node " + follower.number,
          () -> follower.client.await("app.db", position, PATIENCE).reached());
    }
  }

  /** All nodes have the same bytes, and every row that was acknowledged. */
  void check(Writer writer) throws Exception {
    check(writer, 0);
  }

  /**
   * The same; where replication is asynchronous, of the rows that were acknowledged just before the
   * primary was lost some may lack.
   */
  void check(Writer writer, int mayLack) throws Exception {
    followersHaveAll();
    byte[] pages = SqliteFile.pages(primary().file());
    for (Member follower : followers()) {
      Copies.same("node " + follower.number, pages, SqliteFile.pages(follower.file()));
    }
    hasAll(writer, primary(), mayLack);
  }

  /** A node has every row that was acknowledged but so many, and no other. */
  static void hasAll(Writer writer, Member member, int mayLack) throws Exception {
    assertThat(SqliteFile.query(member.file(), "PRAGMA integrity_check")).isEqualTo("ok");
    TreeSet<Long> rows = new TreeSet<>();
    try (Connection connection = SqliteFile.open(member.file());
        Statement statement = connection.createStatement();
        var found = statement.executeQuery("SELECT a FROM t")) {
      while (found.next()) {
        rows.add(found.getLong(1));
      }
    }
    TreeSet<Long> lacking = new TreeSet<>(writer.acknowledged());
    lacking.removeAll(rows);
    assertThat(lacking).as("acknowledged, and lost").hasSizeLessThanOrEqualTo(mayLack);
    rows.removeAll(writer.acknowledged());
    assertThat(writer.unknown()).containsAll(rows);
  }
}
