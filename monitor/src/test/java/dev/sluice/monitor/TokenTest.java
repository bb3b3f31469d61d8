package dev.sluice.monitor;

import static dev.sluice.monitor.ServedNode.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.access.Access;
import dev.sluice.access.Scope;
import dev.sluice.access.TokenGrant;
import dev.sluice.access.Tokens;
import dev.sluice.follow.StreamService;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may ask what. */
final class TokenTest {
  private static final StreamService EMPTY = (request, response) -> {};

  private final Path directory;
  private final ServedNode served;

  TokenTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    List<TokenGrant> grants = new ArrayList<>();
    for (Scope scope : List.of(Scope.READ, Scope.FOLLOW, Scope.ADMIN)) {
      Path file = Files.writeString(file(scope), "# a comment\n\n" + secret(scope) + "\n");
      grants.add(new TokenGrant(scope, file, null));
    }
    Tokens tokens = Tokens.open(grants, name -> null);
    served = new ServedNode(directory.resolve("node"), EMPTY, new Protection(null, tokens));
  }

  @AfterEach
  void stop() {
    served.close();
  }

  private static String secret(Scope scope) {
    return scope.label() + "-secret-0123456789";
  }

  private Path file(Scope scope) {
    return directory.resolve(scope.label() + ".token");
  }

  private HttpResponse<String> ask(String method, String path, String token) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(served.uri(path)).method(method, BodyPublishers.noBody());
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return served.http.send(request.build(), BodyHandlers.ofString());
  }

  /** Whoever adds an endpoint says here what it needs. */
  @Test
  void everyEndpointHasItsScope() throws Exception {
    Map<String, Scope> scopes = new TreeMap<>();
    try (Api api = new Api(served.node, null, new Metrics())) {
      api.endpoints().forEach(endpoint -> scopes.put(endpoint.toString(), endpoint.scope()));
    }
    assertThat(scopes)
        .containsOnly(
            Map.entry("GET /v1/status", Scope.READ),
            Map.entry("GET /v1/position", Scope.READ),
            Map.entry("GET /v1/wait", Scope.READ),
            Map.entry("GET /v1/cluster", Scope.READ),
            Map.entry("GET /v1/events", Scope.READ),
            Map.entry("GET /v1/live", Scope.READ),
            Map.entry("GET /v1/history", Scope.READ),
            Map.entry("GET /v1/restore-points", Scope.READ),
            Map.entry("GET /v1/session", Scope.NONE),
            Map.entry("GET /metrics", Scope.READ),
            Map.entry("POST /v1/stream", Scope.FOLLOW),
            Map.entry("POST /v1/difference", Scope.FOLLOW),
            Map.entry("POST /v1/acks", Scope.FOLLOW),
            Map.entry("POST /v1/sync", Scope.ADMIN),
            Map.entry("POST /v1/snapshot", Scope.ADMIN),
            Map.entry("POST /v1/handoff", Scope.ADMIN),
            Map.entry("POST /v1/promote", Scope.ADMIN),
            Map.entry("GET /healthz", Scope.NONE),
            Map.entry("GET /readyz", Scope.NONE));
    for (Map.Entry<String, Scope> endpoint : scopes.entrySet()) {
      String[] words = endpoint.getKey().split(" ", 2);
      for (Scope scope : Scope.values()) {
        if (words[1].equals("/v1/live") && scope.includes(Scope.READ)) {
          continue; // An answer without an end; DashboardTest has it.
        }
        String token = scope == Scope.NONE ? "" : secret(scope);
        HttpResponse<String> answer = ask(words[0], words[1], token);
        String what = endpoint.getKey() + " with " + scope + ": " + answer.body();
        if (scope.includes(endpoint.getValue())) {
          assertThat(answer.statusCode()).as(what).isIn(200, 400, 409, 501);
        } else if (scope == Scope.NONE) {
          assertThat(answer.statusCode()).as(what).isEqualTo(401);
          assertThat(answer.headers().firstValue("WWW-Authenticate"))
              .hasValue("Bearer realm=\"sluice\"");
        } else {
          String needed = endpoint.getValue().label();
          assertThat(answer.statusCode()).as(what).isEqualTo(403);
          assertThat(json(answer).get("error").asText())
              .isEqualTo("the token has scope " + scope.label() + ", this needs " + needed);
          assertThat(answer.headers().firstValue("WWW-Authenticate"))
              .hasValue(
                  "Bearer realm=\"sluice\", error=\"insufficient_scope\", scope=\""
                      + needed
                      + "\"");
        }
      }
    }
  }

  @Test
  void anUnknownTokenIsRefused() throws Exception {
    for (String token : List.of("x", "read-secret-012345678", "read-secret-01234567890", "ü")) {
      HttpResponse<String> answer = ask("GET", "/v1/status", token);
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.headers().firstValue("WWW-Authenticate"))
          .hasValue("Bearer realm=\"sluice\", error=\"invalid_token\"");
      assertThat(json(answer).get("error").asText())
          .isEqualTo("this node does not know that token");
      assertThat(answer.body()).doesNotContain("secret");
      assertThat(ask("GET", "/healthz", token).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void healthNamesNoDatabaseToStrangers() throws Exception {
    served.node.commit("shop/app.db", 1);
    assertThat(ask("GET", "/healthz", "").body()).isEqualTo("{\"status\":\"ok\"}");
    assertThat(ask("GET", "/healthz?verbose", "").statusCode()).isEqualTo(401);
    assertThat(ask("GET", "/healthz?verbose", secret(Scope.READ)).body()).contains("app.db");
  }

  @Test
  void theOwnerMayDoEverything() throws Exception {
    String owner = String.valueOf(served.server.ownerToken());
    assertThat(served.server.ownerUrl()).isEqualTo(served.server.url());
    assertThat(ask("GET", "/v1/status", owner).statusCode()).isEqualTo(200);
    assertThat(ask("POST", "/v1/sync", owner).statusCode()).isEqualTo(400);
  }

  @Test
  void aClientShowsItsTokenAndSaysWhatToDo() throws Exception {
    var position = served.node.commit("shop/app.db", 1);
    NodeClient client = new NodeClient(served.server.url(), Access.ofToken(secret(Scope.READ)));
    assertThat(client.position("shop/app.db")).isEqualTo(position);
    assertThatThrownBy(() -> client.sync("shop/app.db", Duration.ofSeconds(1)))
        .isInstanceOf(NodeException.class)
        .hasMessageContaining("the token has scope read, this needs admin");
    assertThatThrownBy(() -> served.client().status())
        .isInstanceOf(NodeException.class)
        .hasMessageContaining(
            "this node asks for a token (give one of scope read with --token-file");
  }

  @Test
  void tokensAreReadAgainWhenTheirFileChanges() throws Exception {
    String old = secret(Scope.READ);
    String next = "another-secret-0123456789";
    Files.writeString(file(Scope.READ), old + "\n" + next + "\n");
    assertThat(ask("GET", "/v1/status", old).statusCode()).isEqualTo(200);
    assertThat(ask("GET", "/v1/status", next).statusCode()).isEqualTo(200);
    Path whole = Files.writeString(directory.resolve("new"), next + "\n");
    Files.move(whole, file(Scope.READ), StandardCopyOption.REPLACE_EXISTING);
    assertThat(ask("GET", "/v1/status", old).statusCode()).isEqualTo(401);
    assertThat(ask("GET", "/v1/status", next).statusCode()).isEqualTo(200);
    // Taking the file away takes the tokens back.
    Files.delete(file(Scope.READ));
    assertThat(ask("GET", "/v1/status", next).statusCode()).isEqualTo(401);
    assertThat(ask("GET", "/v1/status", secret(Scope.ADMIN)).statusCode()).isEqualTo(200);
  }

  @Test
  void whatIsNoTokenStopsTheStart() throws Exception {
    Path file = Files.writeString(directory.resolve("t"), "short\n");
    fails(new TokenGrant(Scope.READ, file, null), "a token has 16 characters at least");
    Files.writeString(file, "a secret with spaces in it\n");
    fails(new TokenGrant(Scope.READ, file, null), "no spaces; make one with openssl rand -hex 32");
    Files.writeString(file, "# nothing\n");
    fails(new TokenGrant(Scope.READ, file, null), "no token in it");
    Files.delete(file);
    fails(new TokenGrant(Scope.READ, file, null), "no such file");
    fails(new TokenGrant(Scope.READ, null, "NO_SUCH"), "variable NO_SUCH is not set");
  }

  private static void fails(TokenGrant grant, String message) {
    assertThatThrownBy(() -> Tokens.open(List.of(grant), name -> null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }
}
