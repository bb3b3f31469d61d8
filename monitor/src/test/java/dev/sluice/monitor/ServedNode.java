package dev.sluice.monitor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.follow.StreamService;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A node, its server on a free port, and an HTTP client. */
final class ServedNode implements AutoCloseable {
  private static final ListenAddress FREE = ListenAddress.parse("127.0.0.1:0");
  private static final JsonMapper JSON = new JsonMapper();

  final TestNode node;
  final NodeServer server;
  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  ServedNode(
      Path directory, @Nullable StreamService stream, Protection protection, Duration idleTimeout)
      throws IOException {
    node = new TestNode(directory);
    Metrics metrics = new Metrics();
    node.databases.listen(metrics);
    server = NodeServer.start(FREE, node, stream, metrics, protection, idleTimeout);
  }

  ServedNode(Path directory, @Nullable StreamService stream, Duration idleTimeout)
      throws IOException {
    this(directory, stream, Protection.NONE, idleTimeout);
  }

  ServedNode(Path directory, @Nullable StreamService stream, Protection protection)
      throws IOException {
    this(directory, stream, protection, Duration.ofMinutes(1));
  }

  ServedNode(Path directory) throws IOException {
    this(directory, null, Duration.ofMinutes(1));
  }

  NodeClient client() {
    return new NodeClient(server.url());
  }

  URI uri(String pathAndQuery) {
    return URI.create(server.url() + pathAndQuery);
  }

  static String encode(Object text) {
    return URLEncoder.encode(text.toString(), StandardCharsets.UTF_8);
  }

  HttpResponse<String> request(String method, String pathAndQuery)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(uri(pathAndQuery)).method(method, BodyPublishers.noBody()).build(),
        BodyHandlers.ofString());
  }

  HttpResponse<String> get(String pathAndQuery) throws IOException, InterruptedException {
    return request("GET", pathAndQuery);
  }

  static JsonNode json(HttpResponse<String> answer) throws IOException {
    return JSON.readTree(answer.body());
  }

  @Override
  public void close() {
    server.close();
    node.close();
  }
}
