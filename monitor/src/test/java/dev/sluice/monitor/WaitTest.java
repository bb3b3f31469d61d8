package dev.sluice.monitor;

import static dev.sluice.monitor.ServedNode.encode;
import static dev.sluice.monitor.ServedNode.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class WaitTest {
  private static final String NAME = "shop/app.db";

  private final Path directory;
  private final ServedNode served;

  WaitTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    served = new ServedNode(directory.resolve("node"));
  }

  @AfterEach
  void stop() {
    served.close();
  }

  private static String wait(Position position, String timeout) {
    return "/v1/wait?database=" + NAME + "&position=" + encode(position) + "&timeout=" + timeout;
  }

  /** Where another node with the same writes stands after {@code commits} of them. */
  private Position later(int commits) throws IOException {
    try (TestNode other = new TestNode(directory.resolve("other"))) {
      Position position = Position.NONE;
      for (int i = 1; i <= commits; i++) {
        position = other.commit(NAME, i);
      }
      return position;
    }
  }

  private CompletableFuture<HttpResponse<String>> getAsync(String pathAndQuery) {
    return served.http.sendAsync(
        HttpRequest.newBuilder(served.uri(pathAndQuery)).build(), BodyHandlers.ofString());
  }

  private void untilWaiting(int count) throws Exception {
    while (!served.get("/metrics").body().contains("\nsluice_waits_open " + count + ".0\n")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void reachedAtOnceAndEarlierOnes() throws Exception {
    Position first = served.node.commit(NAME, 1);
    Position second = served.node.commit(NAME, 2);
    for (Position wanted : List.of(first, second)) {
      HttpResponse<String> answer = served.get(wait(wanted, "0s"));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body())
          .isEqualTo("{\"outcome\":\"reached\",\"position\":\"" + second + "\"}");
    }
  }

  @Test
  void timedOutAfterTheIdleTimeoutOfTheConnection() throws Exception {
    try (ServedNode impatient =
        new ServedNode(directory.resolve("impatient"), null, Duration.ofMillis(200))) {
      Position now = impatient.node.commit(NAME, 1);
      HttpResponse<String> answer = impatient.get(wait(later(2), "1s"));
      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(json(answer).get("outcome").textValue()).isEqualTo("timed_out");
      assertThat(json(answer).get("position").textValue()).isEqualTo(now.toString());
      assertThat(json(answer).get("error").textValue()).contains("did not reach", "1000 ms");
    }
  }

  @Test
  void divergedAtOnceOrWhenItComesToThat() throws Exception {
    served.node.commit(NAME, 1);
    assertThat(served.get(wait(new Position(1, 42), "1m")).statusCode()).isEqualTo(409);
    CompletableFuture<HttpResponse<String>> answer = getAsync(wait(new Position(2, 42), "1m"));
    untilWaiting(1);
    served.node.commit(NAME, 2);
    assertThat(answer.get().statusCode()).isEqualTo(409);
    assertThat(json(answer.get()).get("outcome").textValue()).isEqualTo("diverged");
  }

  @Test
  void unknownDatabase() throws Exception {
    HttpResponse<String> answer = served.get(wait(new Position(1, 42), "1m"));
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(json(answer).get("outcome").textValue()).isEqualTo("unknown_database");
    assertThat(json(answer).get("error").textValue()).contains(NAME);
  }

  @Test
  void twoThousandWaitsEndWithOneCommitOnFewThreads() throws Exception {
    int waits = 2_000;
    served.node.commit(NAME, 1);
    Position wanted = later(2);
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < waits; i++) {
      answers.add(getAsync(wait(wanted, "10m")));
    }
    untilWaiting(waits);
    assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
        .filteredOn(name -> name.startsWith("sluice-"))
        .hasSizeLessThan(20);
    served.node.commit(NAME, 2);
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get().statusCode()).isEqualTo(200);
    }
    assertThat(served.get("/metrics").body())
        .contains("sluice_waits_total{outcome=\"reached\",} 2000.0\n");
  }

  @Test
  void closingEndsWaits() throws Exception {
    served.node.commit(NAME, 1);
    CompletableFuture<HttpResponse<String>> answer = getAsync(wait(later(2), "1h"));
    untilWaiting(1);
    served.server.close();
    assertThat(answer.get().statusCode()).isEqualTo(503);
    assertThat(json(answer.get()).get("error").textValue()).isEqualTo("the node is stopping");
  }
}
