package dev.sluice.monitor.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import dev.sluice.monitor.HookCounts;
import dev.sluice.monitor.Metrics;
import dev.sluice.node.Event;
import dev.sluice.node.Event.Change;
import dev.sluice.node.EventKind;
import dev.sluice.node.EventLog;
import dev.sluice.node.Severity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Events reach real commands and a real HTTP server, and nobody waits for that. */
@Timeout(30)
final class EventHookTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration SOON = Duration.ofMillis(10);

  private final EventLog events = new EventLog();
  private final HookCounts counts = new Metrics().hook();
  private final Path directory;

  EventHookTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private EventHook hook(@Nullable HookTarget target) {
    EventHook hook = new EventHook("00000000deadbeef", target, counts, SOON);
    events.listen(hook);
    hook.start();
    return hook;
  }

  private void publish(String message) {
    events.publish(EventKind.BACKUP_LATE, Severity.ERROR, Change.RAISED, "shop/app.db", message);
  }

  private static List<String> lines(Path file, int number) throws Exception {
    while (!Files.exists(file) || Files.readAllLines(file).size() < number) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return Files.readAllLines(file);
  }

  @Test
  void aCommandGetsThemOnItsInput() throws Exception {
    Path out = directory.resolve("out");
    try (EventHook hook = hook(HookTarget.parse("cat >> '" + out + "'"))) {
      publish("first; do this");
      publish("second");
      List<String> told = lines(out, 2);
      JsonNode first = JSON.readTree(told.get(0));
      assertThat(first.get("node").textValue()).isEqualTo("00000000deadbeef");
      assertThat(first.get("id").intValue()).isEqualTo(1);
      assertThat(first.get("kind").textValue()).isEqualTo("backup_late");
      assertThat(first.get("severity").textValue()).isEqualTo("error");
      assertThat(first.get("change").textValue()).isEqualTo("raised");
      assertThat(first.get("database").textValue()).isEqualTo("shop/app.db");
      assertThat(first.get("message").textValue()).isEqualTo("first; do this");
      assertThat(told.get(1)).contains("second");
      assertThat(hook).isNotNull();
    }
  }

  @Test
  void anotherIsToldOnceItIsChanged() throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    try (EventHook hook = hook(null)) {
      publish("told nobody");
      hook.change(HookTarget.parse("cat >> '" + first + "'"));
      publish("one");
      assertThat(lines(first, 1)).hasSize(1).first().asString().contains("\"one\"");
      hook.change(HookTarget.parse("cat >> '" + second + "'"));
      publish("two");
      assertThat(lines(second, 1)).hasSize(1).first().asString().contains("\"two\"");
      assertThat(first).content().doesNotContain("two");
    }
  }

  /** A command that does not work is corrected: what it was not told is told the other. */
  @Test
  void whatWaitsIsToldTheOther() throws Exception {
    Path out = directory.resolve("out");
    Path tried = directory.resolve("tried");
    String waits = "echo >> '" + tried + "'; while [ ! -e '" + out + "' ]; do sleep 0.01; done";
    try (EventHook hook = hook(HookTarget.parse(waits + "; exit 1"))) {
      publish("first");
      publish("second");
      lines(tried, 1);
      hook.change(HookTarget.parse("cat >> '" + out + "'"));
      Files.createFile(out);
      List<String> told = lines(out, 2);
      assertThat(told.get(0)).contains("\"first\"");
      assertThat(told.get(1)).contains("\"second\"");
    }
  }

  @Test
  void aUrlGetsThemPosted() throws Exception {
    BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
    int[] refusals = {2};
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/secret",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          int status = refusals[0]-- > 0 ? 503 : 204;
          if (status == 204) {
            bodies.add(exchange.getRequestMethod() + " " + body);
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/secret";
    try (EventHook hook = hook(HookTarget.parse(url))) {
      publish("first");
      assertThat(bodies.poll(20, TimeUnit.SECONDS)).startsWith("POST {").contains("\"first\"");
      assertThat(hook).isNotNull();
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aCommandThatHangsIsEnded() throws Exception {
    Path out = directory.resolve("out");
    HookTarget hangs =
        new HookCommand("sleep 1000 & echo $! >> '" + out + "'; wait", Duration.ofMillis(200));
    assertThatThrownBy(() -> hangs.tell("{}".getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("took longer");
    long pid = Long.parseLong(lines(out, 1).get(0));
    while (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  @Test
  void whoPublishesWaitsForNobody() {
    try (EventHook hook = hook(new HookCommand("sleep 1000", Duration.ofSeconds(100)))) {
      for (int i = 0; i < 3 * EventHook.MAX_WAITING; i++) {
        publish("event " + i);
      }
      assertThat(hook).isNotNull();
    }
    assertThat(events.last(1_000)).hasSize(3 * EventHook.MAX_WAITING);
  }

  @Test
  void whatItSaysTellsNoSecret() {
    HookTarget url = HookTarget.parse("https://hooks.example.com/services/T0/B0/hidden?k=hidden");
    assertThat(url).hasToString("https://hooks.example.com/…");
    HookTarget command = HookTarget.parse("curl -H 'Authorization: hidden' https://x");
    assertThat(command.toString()).doesNotContain("hidden");
    for (String wrong : List.of("https://hidden and more", "http:///hidden", "")) {
      assertThatThrownBy(() -> HookTarget.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hidden"));
    }
    assertThatThrownBy(() -> HookTarget.parse("http://127.0.0.1:1/hidden").tell(new byte[0]))
        .isInstanceOf(IOException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hidden"));
  }

  @Test
  void anEventIsWhole() {
    Event event = events.publish(EventKind.ROLE_CHANGED, null, "this node is a primary");
    assertThat(event.severity()).isEqualTo(Severity.INFO);
    assertThat(event.change()).isNull();
  }
}
