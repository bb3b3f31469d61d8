package dev.sluice.cli;

import dev.sluice.log.WaitOutcome;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.StoreLayout;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The demonstration's story. */
final class Demo {
  private static final int WAL_ORDERS = 3000;
  private static final int ROLLBACK_ORDERS = 400;
  private static final String WAL_DB = "shop/orders.db";
  private static final String ROLLBACK_DB = "shop/stock.db";

  /** Much: the machine may be busy, or its disk slow. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final long POLL_MILLIS = 20;

  private final Path directory;
  private final DemoNodes nodes;
  private final PrintWriter out;
  private final Path primaryMount;
  private final Path followerMount;
  private final Path store;
  private long transactions;
  private int failures;

  Demo(Path directory, DemoNodes nodes, PrintWriter out) {
    this.directory = directory;
    this.nodes = nodes;
    this.out = out;
    this.primaryMount = directory.resolve("primary");
    this.followerMount = directory.resolve("follower");
    this.store = directory.resolve("backups");
  }

  /** False when a comparison failed. */
  boolean run() throws IOException, InterruptedException {
    long started = System.nanoTime();
    say("Sluice in one go, in " + directory + ". What starts with $ is what you would type.");
    step("Start a primary that backs up to a directory, and a follower");
    command("sluice mount --data data --store file:///backups --listen 127.0.0.1:4480 primary");
    NodeUrl primary =
        nodes.start(
            "primary node",
            List.of(
                "--data",
                directory.resolve("primary-data").toString(),
                "--store",
                "file://" + store,
                primaryMount.toString()));
    command(
        "sluice mount --data data2 --follow http://127.0.0.1:4480 --listen 127.0.0.1:4481 follower");
    NodeUrl follower =
        nodes.start(
            "follower node",
            List.of(
                "--data",
                directory.resolve("follower-data").toString(),
                "--follow",
                primary.toString(),
                followerMount.toString()));
    result("primary at " + primary + ", follower at " + follower);

    step(
        "An unmodified sqlite3 writes "
            + Show.count(WAL_ORDERS)
            + " orders in WAL mode, each its own transaction");
    Files.createDirectories(primaryMount.resolve("shop"));
    double walRate = load(WAL_DB, "wal", WAL_ORDERS);
    step("… and " + Show.count(ROLLBACK_ORDERS) + " in rollback-journal mode");
    double rollbackRate = load(ROLLBACK_DB, "delete", ROLLBACK_ORDERS);

    step("Write on the primary, read it on the follower");
    NodeClient client = follower.client();
    client.status();
    Duration visible = readYourWrite(client);

    step("An accident: the table is dropped");
    waitUntilShipped(primary.client(), WAL_DB);
    String before =
        sqlite(primaryMount.resolve(WAL_DB), "SELECT count(*), sum(amount) FROM orders");
    Instant moment = Instant.now();
    Thread.sleep(POLL_MILLIS);
    command("sqlite3 primary/" + WAL_DB + " 'DROP TABLE orders'");
    sqlite(primaryMount.resolve(WAL_DB), "DROP TABLE orders");
    result(
        "tables left: "
            + count(
                sqlite(
                    primaryMount.resolve(WAL_DB),
                    "SELECT name FROM sqlite_master WHERE type = 'table'")));
    waitUntilShipped(primary.client(), WAL_DB);

    step("Restore to the moment before");
    Path rescued = directory.resolve("rescued.db");
    command("sluice restore file:///backups/" + WAL_DB + " -o rescued.db --timestamp " + moment);
    RestoreResult restored = restore(WAL_DB, rescued, RestoreTarget.time(moment));
    String after = sqlite(rescued, "SELECT count(*), sum(amount) FROM orders");
    result(
        "orders and their sum before: "
            + before
            + ", restored: "
            + after
            + ", in "
            + Show.span(restored.duration()));
    check("the restored orders are those from before the accident", before.equals(after));

    compare(client, rescued);
    summary(walRate, rollbackRate, visible, started);
    return failures == 0;
  }

  private double load(String database, String journalMode, int orders)
      throws IOException, InterruptedException {
    StringBuilder script = new StringBuilder();
    script.append("PRAGMA journal_mode=").append(journalMode).append(";\n");
    script.append("CREATE TABLE orders(id INTEGER PRIMARY KEY, item TEXT, amount INTEGER);\n");
    for (int i = 1; i <= orders; i++) {
      script.append(
          String.format(
              Locale.ROOT,
              "INSERT INTO orders VALUES(%d,'item %d',%d);%n",
              i,
              i % 97,
              i * 31 % 1000));
    }
    command("sqlite3 primary/" + database + " < orders.sql");
    long started = System.nanoTime();
    sqlite(primaryMount.resolve(database), script.toString());
    double seconds = (System.nanoTime() - started) / 1e9;
    double rate = (orders + 2) / seconds;
    result(
        String.format(
            Locale.ROOT, "%,d transactions in %.1f s: %,.0f a second", orders + 2, seconds, rate));
    return rate;
  }

  private Duration readYourWrite(NodeClient follower) throws IOException, InterruptedException {
    command(
        "sqlite3 primary/" + WAL_DB + " \"INSERT INTO orders VALUES(1000001,'just written',42)\"");
    sqlite(primaryMount.resolve(WAL_DB), "INSERT INTO orders VALUES(1000001,'just written',42)");
    long written = System.nanoTime();
    String position = Files.readString(primaryMount.resolve(WAL_DB + "-pos")).strip();
    command("cat primary/" + WAL_DB + "-pos");
    result(position);
    WaitOutcome outcome = wait(follower, WAL_DB, position);
    Duration took = Duration.ofNanos(System.nanoTime() - written);
    command("sluice wait --url http://127.0.0.1:4481 --position " + position + " " + WAL_DB);
    String row = sqlite(followerMount.resolve(WAL_DB), "SELECT * FROM orders WHERE id = 1000001");
    result(
        String.format(
            Locale.ROOT,
            "%s after %.1f ms; the follower reads: %s",
            outcome.name().toLowerCase(Locale.ROOT),
            took.toNanos() / 1e6,
            row));
    check("the follower has the row that was just written", row.equals("1000001|just written|42"));
    return took;
  }

  private static WaitOutcome wait(NodeClient node, String database, String position)
      throws IOException {
    return switch (node.await(database, Position.parse(position), PATIENCE).outcome()) {
      case REACHED -> WaitOutcome.REACHED;
      case DIVERGED -> WaitOutcome.DIVERGED;
      case TIMED_OUT, UNKNOWN_DATABASE -> WaitOutcome.TIMED_OUT;
    };
  }

  private static void waitUntilShipped(NodeClient node, String database)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      for (DatabaseStatus status : node.status().databases()) {
        if (status.name().equals(database)
            && status.stores().stream()
                .map(StoreStatus::shipped)
                .anyMatch(status.position()::equals)) {
          return;
        }
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new UserException(database + " did not reach the store", "run it again with --verbose");
  }

  private void compare(NodeClient follower, Path rescued) throws IOException, InterruptedException {
    step("Stop both nodes, and compare primary, follower and restore byte by byte");
    for (String database : List.of(WAL_DB, ROLLBACK_DB)) {
      String position = Files.readString(primaryMount.resolve(database + "-pos")).strip();
      transactions += Position.parse(position).txid();
      check(
          database + ": the follower reached " + position,
          wait(follower, database, position) == WaitOutcome.REACHED);
    }
    nodes.close();
    for (String database : List.of(WAL_DB, ROLLBACK_DB)) {
      Path ofPrimary = directory.resolve("primary-data").resolve(database);
      Path ofFollower = directory.resolve("follower-data").resolve(database);
      Path ofStore = directory.resolve(Path.of(database).getFileName() + ".restored");
      restore(database, ofStore, RestoreTarget.LATEST);
      check(
          database + ": primary and follower are identical",
          Files.mismatch(ofPrimary, ofFollower) < 0);
      check(
          database + ": primary and restore are identical", Files.mismatch(ofPrimary, ofStore) < 0);
      for (Path file : List.of(ofPrimary, ofFollower, ofStore)) {
        integrity(file);
      }
    }
    integrity(rescued);
  }

  private void integrity(Path file) throws IOException, InterruptedException {
    String answer = sqlite(file, "PRAGMA integrity_check");
    check("integrity_check of " + directory.relativize(file) + ": " + answer, answer.equals("ok"));
  }

  private RestoreResult restore(String database, Path target, RestoreTarget when)
      throws IOException {
    StoreUrl url = StoreUrl.parse("file://" + store + "/" + database);
    try (ObjectStore backups = Stores.open(url)) {
      return Restore.run(
          backups,
          StoreLayout.of(url.scheme(), ""),
          RestoreOptions.DEFAULT.withTarget(when),
          target);
    }
  }

  private void summary(double walRate, double rollbackRate, Duration visible, long started)
      throws IOException {
    long database = size(directory.resolve("primary-data/shop"));
    long backup = size(store);
    out.println();
    out.println("Summary");
    row("transactions", Show.count(transactions));
    row(
        "rates",
        String.format(
            Locale.ROOT,
            "%,.0f a second in WAL mode, %,.0f with a rollback journal",
            walRate,
            rollbackRate));
    row(
        "lag",
        String.format(
            Locale.ROOT,
            "a write was readable on the follower after %.1f ms",
            visible.toNanos() / 1e6));
    row(
        "sizes",
        "databases "
            + Show.bytes(database)
            + ", backup of every transaction "
            + Show.bytes(backup));
    row("took", Show.span(Duration.ofNanos(System.nanoTime() - started)));
    row("comparisons", failures == 0 ? "all equal" : failures + " FAILED");
    out.flush();
  }

  private static long size(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      long sum = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  /** Runs the sqlite3 shell on a file and gives what it prints. */
  private String sqlite(Path database, String sql) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "sqlite", ".out");
    Process process;
    try {
      process =
          new ProcessBuilder("sqlite3", "-bail", database.toString())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException e) {
      throw new UserException(
          "cannot run sqlite3", "install it (Debian, Ubuntu: apt-get install sqlite3)", e);
    }
    try (OutputStream input = process.getOutputStream()) {
      input.write(sql.getBytes(StandardCharsets.UTF_8));
    }
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new UserException(
          "sqlite3 on " + database + " does not end", "run it again with --verbose");
    }
    String text = Files.readString(output).strip();
    Files.delete(output);
    if (process.exitValue() != 0) {
      throw new UserException(
          "sqlite3 on " + database + ": " + text, "run it again with --verbose");
    }
    return text;
  }

  private static long count(String lines) {
    return lines.lines().filter(line -> !line.isBlank()).count();
  }

  private void step(String text) {
    out.println();
    say(text);
  }

  private void say(String text) {
    out.println(text);
    out.flush();
  }

  private void command(String text) {
    out.println("  $ " + text);
    out.flush();
  }

  private void result(String text) {
    out.println("    " + text);
    out.flush();
  }

  private void check(String what, boolean holds) {
    if (!holds) {
      failures++;
    }
    out.println("    " + (holds ? "✓ " : "✗ FAILED: ") + what);
    out.flush();
  }

  private void row(String name, String value) {
    out.printf("  %-14s %s%n", name, value);
  }
}
