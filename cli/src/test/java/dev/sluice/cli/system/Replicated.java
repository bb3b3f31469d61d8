package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A database that an application keeps itself, {@code sluice replicate} beside it, and a follower
 * of that which keeps a plain file.
 */
final class Replicated {
  private final Sandbox sandbox;
  final String name;
  private SluiceProcess beside;
  private @Nullable SluiceProcess follower;
  private final int port;

  private Replicated(Sandbox sandbox, String name, int port) throws Exception {
    this.sandbox = sandbox;
    this.name = name;
    this.port = port;
    this.beside = sandbox.replicate(file(), port);
  }

  /** Starts it; the follower comes when something is compared. */
  static Replicated start(Sandbox sandbox, String name) throws Exception {
    return new Replicated(sandbox, name, Sandbox.freePort());
  }

  private String follower() throws Exception {
    SluiceProcess started = follower;
    if (started == null) {
      started =
          sandbox
              .sluice("follower", "follow", url(), name, copy(), "--listen", "127.0.0.1:0")
              .serving();
      follower = started;
    }
    return started.url();
  }

  Path file() {
    return sandbox.path(name);
  }

  Path copy() {
    return sandbox.path("copy-" + name);
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  SluiceProcess process() {
    return beside;
  }

  void restart() throws Exception {
    beside = sandbox.replicate(file(), port);
  }

  /** Where the node says that the database is, with all that is committed captured. */
  Position position() throws Exception {
    JsonNode answer = Http.json(url() + "/v1/position?database=" + name);
    return Position.parse(answer.path("position").asText());
  }

  /** Since the start, as the metrics count them; the log has a warning for each. */
  int gaps() throws Exception {
    // One may come between the two.
    eventually("a warning for each gap", () -> counted() == warnings().size());
    assertThat(warnings()).allMatch(line -> line.contains(" WARN ") && line.contains(name));
    return counted();
  }

  private int counted() throws Exception {
    return Http.text(url() + "/metrics")
        .lines()
        .filter(line -> line.startsWith("sluice_capture_gaps_total"))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private List<String> warnings() throws Exception {
    return process()
        .err()
        .lines()
        .filter(line -> line.contains("what had changed was found by comparing all pages"))
        .toList();
  }

  /** The position covers what is there, and the follower and the store have it to the byte. */
  void same() throws Exception {
    Position position = position();
    byte[] pages = SqliteFile.pages(file());
    assertThat(Txid.format(SqliteFile.checksum(pages)))
        .as("checksum of the file, at " + position)
        .isEqualTo(Txid.format(position.checksum()));
    sandbox.await(follower(), name, position);
    Copies.same("the follower", pages, SqliteFile.pages(copy()));
    sandbox.awaitShipped(url(), name, position);
    Path restored = Files.createTempFile(sandbox.directory(), "restored", ".db");
    Run run = Run.sluice("restore", sandbox.store() + "/" + name, "-o", restored, "--force");
    assertThat(run.status()).as(run.err()).isZero();
    Copies.same("restored", pages, Files.readAllBytes(restored));
    Files.delete(restored);
  }

  /** Waits for a condition. */
  static void eventually(String what, Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @FunctionalInterface
  interface Condition {
    boolean holds() throws Exception;
  }
}
