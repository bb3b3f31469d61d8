package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import dev.sluice.node.NodeStatus;
import dev.sluice.node.WaitResult;
import dev.sluice.node.WaitResult.Outcome;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NodeClientTest {
  private static final String NAME = "shop/app.db";

  private final ServedNode served;
  private final NodeClient client;

  NodeClientTest(@TempDir Path directory) throws IOException {
    served = new ServedNode(directory);
    client = served.client();
  }

  @AfterEach
  void stop() {
    served.close();
  }

  @Test
  void statusIsWhatTheNodeSays() throws Exception {
    served.node.commit(NAME, 1);
    served.node.commit("blog.db", 1);
    served.node.notReady = "catching up";
    served.node.store = new StoreStatus("file:///backup", null, 7, "away");
    served.node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 9);
    served.node.error = "damaged";
    assertThat(client.status())
        .isEqualTo(NodeStatus.of(served.node, Version.CURRENT, served.node.status()));
  }

  @Test
  void everyOutcomeOfAWait() throws Exception {
    Position first = served.node.commit(NAME, 1);
    Position second = served.node.commit(NAME, 2);
    Duration hour = Duration.ofHours(1);
    assertThat(client.position(NAME)).isEqualTo(second);
    assertThat(client.await(NAME, first, hour)).isEqualTo(new WaitResult(Outcome.REACHED, second));
    assertThat(client.await(NAME, new Position(1, 42), hour))
        .isEqualTo(new WaitResult(Outcome.DIVERGED, second));
    assertThat(client.await(NAME, new Position(3, 42), Duration.ofMillis(1)))
        .isEqualTo(new WaitResult(Outcome.TIMED_OUT, second));
    assertThat(client.await("no.db", first, hour))
        .isEqualTo(new WaitResult(Outcome.UNKNOWN_DATABASE, null));
  }

  @Test
  void errorsOfTheNodeComeThrough() {
    assertThatThrownBy(() -> client.position("no.db"))
        .asInstanceOf(type(NodeException.class))
        .returns(404, NodeException::status)
        .hasToString(
            "dev.sluice.node.NodeException: node %s: unknown database \"no.db\" (GET /v1/status lists those of this node)",
            served.server.url());
    assertThatThrownBy(() -> client.await(NAME, Position.NONE, Duration.ofHours(2)))
        .isInstanceOf(NodeException.class)
        .hasMessageContaining("more than an hour");
  }

  @Test
  void aNodeThatIsNotThere() {
    URI url = served.server.url();
    served.server.close();
    assertThatThrownBy(client::status)
        .asInstanceOf(type(NodeException.class))
        .returns(NodeException.NO_ANSWER, NodeException::status)
        .extracting(Throwable::getMessage)
        .asString()
        .startsWith("node " + url + " gives no answer (")
        .contains("check that Sluice runs there");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>", "[]", "null", "{}", "{\"outcome\":\"perhaps\"}", "\"x\""})
  void somethingElseThatAnswers(String body) throws Exception {
    try (ServerSocket other = new ServerSocket(0)) {
      CompletableFuture<Void> answering = CompletableFuture.runAsync(() -> answerOnce(other, body));
      NodeClient lost = new NodeClient(URI.create("http://127.0.0.1:" + other.getLocalPort()));
      assertThatThrownBy(() -> lost.await(NAME, Position.NONE, Duration.ZERO))
          .isInstanceOf(NodeException.class)
          .hasMessageEndingWith(
              "answers HTTP 200, but not as Sluice does; check the host and port");
      answering.join();
    }
  }

  private static void answerOnce(ServerSocket server, String body) {
    try (Socket socket = server.accept()) {
      byte[] buffer = new byte[4_096];
      int read = socket.getInputStream().read(buffer);
      assertThat(read).isPositive();
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                  .formatted(body.length(), body)
                  .getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void anInterruptEndsACall() throws Exception {
    served.node.commit(NAME, 1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> client.await(NAME, new Position(2, 42), Duration.ofHours(1)))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost:8080", "ftp://a", "http:///x", "http://a?b", "/v1"})
  void whatIsNoNodeUrl(String text) {
    assertThatThrownBy(() -> new NodeClient(URI.create(text)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected http://host:port");
  }
}
