package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.access.Scope;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.Tokens;
import dev.sluice.node.NodePeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the dashboard is served; {@code BrowserTest} in {@code cli} has what it does with that. */
@Timeout(60)
final class DashboardTest {
  private static final JsonMapper JSON = new JsonMapper();

  private final Path directory;

  DashboardTest(@TempDir Path directory) {
    this.directory = directory;
  }

  /** Reads events of {@code /v1/live}. */
  private static final class Events implements AutoCloseable {
    private final HttpResponse<InputStream> answer;
    private final BufferedReader lines;

    Events(ServedNode served) throws Exception {
      answer =
          served.http.send(
              HttpRequest.newBuilder(served.uri("/v1/live")).build(), BodyHandlers.ofInputStream());
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("content-type")).contains("text/event-stream");
      lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
    }

    JsonNode next() throws Exception {
      String line;
      do {
        line = lines.readLine();
        assertThat(line).as("the stream has ended").isNotNull();
      } while (!line.startsWith("data: "));
      return JSON.readTree(line.substring("data: ".length()));
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  private static List<String> names(JsonNode node) {
    return StreamSupport.stream(node.get("databases").spliterator(), false)
        .map(database -> database.get("name").asText())
        .toList();
  }

  @Test
  void liveSaysEverythingFirstAndThenWhatChanges() throws Exception {
    try (ServedNode served = new ServedNode(directory)) {
      served.node.commit("a.db", 1);
      served.node.commit("b.db", 1);
      try (Events events = new Events(served)) {
        JsonNode first = events.next();
        assertThat(first.get("since").asLong()).isZero();
        assertThat(names(first.get("nodes").get(0))).containsExactlyInAnyOrder("a.db", "b.db");
        assertThat(first.get("nodes").get(0).get("node").get("self").asBoolean()).isTrue();
        served.node.commit("b.db", 2);
        List<String> changed = new ArrayList<>();
        long commits = 0;
        while (commits == 0) {
          JsonNode next = events.next();
          changed.addAll(names(next.get("nodes").get(0)));
          for (JsonNode tick : next.get("commits")) {
            commits += tick.path("b.db").asLong();
          }
        }
        assertThat(changed).containsExactly("b.db");
        assertThat(commits).isEqualTo(1);
      }
    }
  }

  @Test
  void aNodeShowsWhatOthersSayAndWhoDoesNotAnswer() throws Exception {
    try (ServedNode other = new ServedNode(directory.resolve("other"));
        ServedNode served = new ServedNode(directory.resolve("a"))) {
      other.node.nodeId = "00000000000000bb";
      other.node.commit("theirs.db", 1);
      served.node.commit("ours.db", 1);
      served.node.peers =
          List.of(
              new NodePeer(null, other.server.url().toString()),
              new NodePeer("00000000000000cc", "http://127.0.0.1:1"),
              new NodePeer("00000000000000dd", null));
      try (Events events = new Events(served)) {
        List<String> theirs = new ArrayList<>();
        boolean refused = false;
        while (theirs.isEmpty() || !refused) {
          for (JsonNode node : events.next().get("nodes")) {
            if (node.get("node").get("nodeId").asText().endsWith("bb")) {
              theirs.addAll(names(node));
            }
            refused |=
                node.get("node").get("nodeId").asText().endsWith("cc")
                    && node.get("node").get("error").asText().contains("gives no answer");
          }
        }
        assertThat(theirs).containsExactly("theirs.db");
      }
      HttpResponse<String> history =
          served.get("/v1/history?database=theirs.db&node=00000000000000bb");
      assertThat(history.statusCode()).as(history.body()).isEqualTo(200);
      assertThat(ServedNode.json(history).get("commits")).hasSize(120);
    }
  }

  @Test
  void pagesNeedNoTokenAndDataDoes() throws Exception {
    Path token = Files.writeString(directory.resolve("token"), "a-token-that-is-long-enough-0123");
    Tokens tokens = Tokens.open(List.of(new TokenGrant(Scope.READ, token, null)), name -> null);
    try (ServedNode served =
        new ServedNode(directory.resolve("a"), null, new Protection(null, tokens))) {
      for (String path : Page.all().keySet()) {
        HttpResponse<String> page = served.get(path);
        assertThat(page.statusCode()).as(path).isEqualTo(200);
        assertThat(page.headers().firstValue("content-security-policy").orElse(""))
            .contains("default-src 'none'")
            .doesNotContain("unsafe");
        HttpResponse<String> again =
            served.http.send(
                HttpRequest.newBuilder(served.uri(path))
                    .header("If-None-Match", page.headers().firstValue("etag").orElseThrow())
                    .build(),
                BodyHandlers.ofString());
        assertThat(again.statusCode()).isEqualTo(304);
      }
      assertThat(served.get("/v1/live").statusCode()).isEqualTo(401);
      assertThat(served.get("/v1/history?database=a.db").statusCode()).isEqualTo(401);
      assertThat(served.get("/v1/restore-points?database=a.db").statusCode()).isEqualTo(401);
      assertThat(ServedNode.json(served.get("/v1/session")).get("scope").asText())
          .isEqualTo("none");
    }
  }

  @Test
  void aPageOfAnotherSiteChangesNothing() throws Exception {
    try (ServedNode served = new ServedNode(directory)) {
      served.node.commit("a.db", 1);
      for (String site : List.of("cross-site", "same-site")) {
        HttpResponse<String> answer =
            served.http.send(
                HttpRequest.newBuilder(served.uri("/v1/sync?database=a.db"))
                    .header("Sec-Fetch-Site", site)
                    .POST(BodyPublishers.noBody())
                    .build(),
                BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(403);
      }
      assertThat(served.request("POST", "/v1/sync?database=a.db").statusCode()).isEqualTo(501);
    }
  }
}
