package dev.sluice.monitor;

import static dev.sluice.monitor.ServedNode.encode;
import static dev.sluice.monitor.ServedNode.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NodeServerTest {
  private final ServedNode served;

  NodeServerTest(@TempDir Path directory) throws IOException {
    served = new ServedNode(directory);
  }

  @AfterEach
  void stop() {
    served.close();
  }

  @Test
  void statusHasTheNodeAndItsDatabases() throws Exception {
    Position shop = served.node.commit("shop/app.db", 1);
    served.node.commit("blog.db", 1);
    served.node.notReady = "catching up";
    JsonNode status = json(served.get("/v1/status"));
    assertThat(status.get("nodeId").textValue()).isEqualTo("00000000deadbeef");
    assertThat(status.get("ready").booleanValue()).isFalse();
    assertThat(status.get("notReady").textValue()).isEqualTo("catching up");
    assertThat(status.get("version").textValue()).matches("[0-9]+\\.[0-9]+.*");
    assertThat(status.get("databases").findValuesAsText("name"))
        .containsExactly("blog.db", "shop/app.db");
    JsonNode one = json(served.get("/v1/status?database=shop%2Fapp.db")).get("databases");
    assertThat(one).hasSize(1);
    assertThat(one.get(0).get("position").textValue()).isEqualTo(shop.toString());
    assertThat(one.get(0).get("stores")).isEmpty();
  }

  @Test
  void positionIsTheAppliedOneAfterACapture() throws Exception {
    Position position = served.node.commit("shop/app.db", 1);
    JsonNode answer = json(served.get("/v1/position?database=shop/app.db"));
    assertThat(answer.get("database").textValue()).isEqualTo("shop/app.db");
    assertThat(answer.get("position").textValue()).isEqualTo(position.toString());
    assertThat(served.node.captured).isEqualTo("shop/app.db");
  }

  @Test
  void namesWithOddCharacters() throws Exception {
    String name = "a b/ü+&=%.db";
    Position position = served.node.commit(name, 1);
    assertThat(served.client().position(name)).isEqualTo(position);
    assertThat(json(served.get("/v1/position?database=" + encode(name))).get("database").asText())
        .isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/position                      | database: missing",
        "/v1/position?database=            | database: missing",
        "/v1/position?database=a&database=b| database: given more than once",
        "/v1/wait?database=a               | position: missing",
        "/v1/wait?database=a&position=xy   | position \"xy\": column 1: expected a hexadecimal digit",
        "/v1/wait?database=a&position=0000000000000001/0000000000000001&timeout=5 | timeout \"5\": expected a number and ms, s, m or h, such as 500ms or 5s",
        "/v1/wait?database=a&position=0000000000000001/0000000000000001&timeout=2h | timeout \"2h\": more than an hour",
        "/v1/wait?database=a&timout=5s     | timout: unknown parameter",
      })
  void badParametersAreNamed(String pathAndQuery, String error) throws Exception {
    HttpResponse<String> answer = served.get(pathAndQuery);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(json(answer).get("error").textValue()).isEqualTo(error);
  }

  @Test
  void unknownPathListsThePaths() throws Exception {
    HttpResponse<String> answer = served.get("/v2/status");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(json(answer).get("error").textValue()).isEqualTo("no such path: /v2/status");
    assertThat(json(answer).get("hint").textValue())
        .contains("GET /v1/status, ", "POST /v1/stream", "GET /readyz");
  }

  @Test
  void otherMethodsAreRefused() throws Exception {
    HttpResponse<String> answer = served.request("DELETE", "/v1/status");
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("allow")).hasValue("GET");
    assertThat(served.get("/v1/stream").statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/status", "/metrics", "/healthz", "/readyz", "/v1/position"})
  void headIsGetWithoutTheBody(String path) throws Exception {
    HttpResponse<String> head = served.request("HEAD", path);
    assertThat(head.statusCode()).isEqualTo(served.get(path).statusCode());
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValueAsLong("content-length").orElse(0)).isPositive();
  }

  @Test
  void healthAndReadiness() throws Exception {
    served.node.commit("shop/app.db", 1);
    served.node.error = "disk full";
    assertThat(served.get("/healthz").body()).isEqualTo("{\"status\":\"ok\"}");
    assertThat(served.get("/healthz?verbose").body())
        .isEqualTo(
            "{\"status\":\"ok\",\"health\":[],\"databases\":"
                + "[{\"name\":\"shop/app.db\",\"error\":\"disk full\",\"health\":[]}]}");
    assertThat(served.get("/readyz").statusCode()).isEqualTo(200);
    served.node.notReady = "no primary yet";
    HttpResponse<String> answer = served.get("/readyz");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("{\"error\":\"not ready: no primary yet\"}");
  }

  @Test
  void aMalformedRequestGetsTheSameForm() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), served.server.address().port())) {
      socket
          .getOutputStream()
          .write("GET /%%% HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400").contains("{\"error\":\"");
    }
    assertThat(served.get("/v1/status?database=a").statusCode()).isEqualTo(404);
  }

  @Test
  void aPortInUseIsOneClearError() {
    ListenAddress taken = served.server.address();
    assertThatThrownBy(() -> NodeServer.start(taken, served.node, null, new Metrics()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot listen on " + taken + ": ")
        .hasMessageContaining("in use")
        .hasMessageContaining("give another host:port");
  }

  @Test
  void aHostThatIsNotHereIsOneClearError() {
    assertThatThrownBy(
            () ->
                NodeServer.start(
                    ListenAddress.parse("no-such-host.invalid:0"),
                    served.node,
                    null,
                    new Metrics()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot listen on no-such-host.invalid:0: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:8080", "[::1]:0", ":9", "localhost:65535"})
  void addressesAreWrittenAsRead(String text) {
    assertThat(ListenAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8080", "host", "host:", "::1:80", "host:65536", "host:-1", "host:x"})
  void badAddressesAreRefused(String text) {
    assertThatThrownBy(() -> ListenAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected");
  }
}
