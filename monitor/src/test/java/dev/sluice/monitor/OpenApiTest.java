package dev.sluice.monitor;

import static dev.sluice.monitor.ServedNode.encode;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.follow.StreamService;
import dev.sluice.ltx.Position;
import dev.sluice.node.BackupStatus;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.node.Event.Change;
import dev.sluice.node.EventKind;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodePeer;
import dev.sluice.node.Severity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/openapi.yaml} says what is served, no more and no less. */
final class OpenApiTest {
  private static final String NAME = "shop/app.db";
  private static final Path MODULE = Path.of(System.getProperty("basedir", "."));

  private final Path directory;
  private final JsonNode document;

  /** What was answered: {@code GET /v1/wait 504}. */
  private final Set<String> answered = new TreeSet<>();

  OpenApiTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    this.document = new YAMLMapper().readTree(MODULE.resolve("../docs/openapi.yaml").toFile());
  }

  @Test
  void pathsAndParametersAreThoseOfTheServer() throws Exception {
    Map<String, Set<String>> documented = new TreeMap<>();
    for (Map.Entry<String, JsonNode> path : document.get("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        Set<String> parameters = new TreeSet<>();
        for (JsonNode parameter : method.getValue().path("parameters")) {
          parameters.add(resolve(parameter).get("name").textValue());
        }
        documented.put(key(method.getKey(), path.getKey()), parameters);
      }
    }
    Map<String, Set<String>> served = new TreeMap<>();
    try (TestNode node = new TestNode(directory);
        Api api = new Api(node, null, new Metrics())) {
      api.endpoints().forEach(e -> served.put(e.toString(), new TreeSet<>(e.parameters())));
    }
    assertThat(documented).isEqualTo(served);
  }

  @Test
  void scopesAreThoseOfTheServer() throws Exception {
    try (TestNode node = new TestNode(directory);
        Api api = new Api(node, null, new Metrics())) {
      for (Endpoint endpoint : api.endpoints()) {
        JsonNode security =
            document.at(
                JsonPointer.empty()
                    .appendProperty("paths")
                    .appendProperty(endpoint.path())
                    .appendProperty(endpoint.method().toLowerCase(Locale.ROOT))
                    .appendProperty("security"));
        assertThat(security.isArray()).as(endpoint.toString()).isTrue();
        assertThat(security.findPath("token").path(0).asText("none"))
            .as(endpoint.toString())
            .isEqualTo(endpoint.scope().label());
      }
    }
  }

  @Test
  void everyAnswerIsGivenAndAsDescribed() throws Exception {
    try (ServedNode served = new ServedNode(directory.resolve("a"))) {
      Position first = served.node.commit(NAME, 1);
      served.node.store = new StoreStatus("file:///backup", first.toString(), 0, null);
      served.node.follow = new FollowStatus(first.toString(), 0, 0);
      check(served, "GET", "/v1/status", 200);
      served.node.store =
          served.node.store.withVerification(new VerificationStatus("failed", 5, "damaged", null));
      check(served, "GET", "/v1/status?database=" + NAME, 200);
      check(served, "GET", "/v1/status?databases=", 400);
      check(served, "GET", "/v1/status?database=no.db", 404);
      check(served, "GET", "/v1/position?database=" + NAME, 200);
      check(served, "GET", "/v1/position", 400);
      check(served, "GET", "/v1/position?database=no.db", 404);
      String wait = "/v1/wait?database=" + NAME + "&timeout=1ms&position=";
      check(served, "GET", wait + encode(first), 200);
      check(served, "GET", wait + "1", 400);
      check(served, "GET", wait.replace(NAME, "no.db") + encode(first), 404);
      check(served, "GET", wait + encode(new Position(1, 42)), 409);
      check(served, "GET", wait + encode(new Position(2, 42)), 504);
      check(served, "POST", "/v1/stream", 501);
      for (String path : List.of("/v1/sync", "/v1/snapshot")) {
        String stored = path + "?database=" + NAME + "&timeout=10ms";
        check(served, "POST", path, 400);
        check(served, "POST", stored.replace(NAME, "no.db"), 404);
        check(served, "POST", stored, 501);
        served.node.stored = CompletableFuture.completedFuture(first);
        check(served, "POST", stored, 200);
        served.node.stored = CompletableFuture.failedFuture(new IOException("away"));
        check(served, "POST", stored, 502);
        served.node.stored = new CompletableFuture<>();
        check(served, "POST", stored, 504);
        served.node.stored = null;
      }
      checkEvents(served);
      checkCluster(served);
      checkDashboard(served);
      check(served, "POST", "/v1/difference?database=" + NAME, 501);
      check(served, "POST", "/v1/acks", 501);
      check(served, "GET", "/metrics", 200);
      check(served, "GET", "/healthz", 200);
      check(served, "GET", "/healthz?verbose", 200);
      check(served, "GET", "/readyz", 200);
      served.node.notReady = "catching up";
      served.node.store = null;
      served.node.follow = null;
      check(served, "GET", "/readyz", 503);
      check(served, "GET", "/v1/status", 200);
    }
    StreamService empty = (request, response) -> {};
    try (ServedNode served =
        new ServedNode(directory.resolve("b"), empty, NodeServer.IDLE_TIMEOUT)) {
      check(served, "POST", "/v1/stream", 200);
      check(served, "POST", "/v1/acks", 409);
    }
    try (ServedNode served =
        new ServedNode(directory.resolve("c"), new Refusing(), NodeServer.IDLE_TIMEOUT)) {
      check(served, "POST", "/v1/stream", 503);
      check(served, "POST", "/v1/difference?database=" + NAME, 503);
      check(served, "POST", "/v1/acks", 503);
    }
    try (ServedNode served =
        new ServedNode(directory.resolve("d"), new Differing(), NodeServer.IDLE_TIMEOUT)) {
      check(served, "POST", "/v1/difference?database=" + NAME, 200);
      check(served, "POST", "/v1/acks", 200);
    }
    // DashboardTest has this.
    answered.add("GET /v1/live 200");
    // LimitsTest has these.
    answered.addAll(List.of("POST /v1/stream 400", "POST /v1/stream 413", "POST /v1/acks 400"));
    assertThat(answered).isEqualTo(documentedAnswers());
  }

  private void checkEvents(ServedNode served) throws Exception {
    check(served, "GET", "/v1/events", 200);
    served.node.events.publish(EventKind.ROLE_CHANGED, null, "now the primary");
    served.node.events.publish(
        EventKind.DISK_LOW, Severity.ERROR, Change.RAISED, NAME, "make room");
    check(served, "GET", "/v1/events?after=1&limit=5", 200);
    check(served, "GET", "/v1/events?limit=1001", 400);
    check(served, "GET", "/v1/events?after=x", 400);
    served.node.health =
        List.of(new HealthProblem("disk_low", Severity.WARNING, "make room", "2026-11-26T08:00Z"));
    check(served, "GET", "/v1/status", 200);
    check(served, "GET", "/healthz?verbose", 200);
  }

  private void checkCluster(ServedNode served) throws Exception {
    check(served, "GET", "/v1/cluster", 501);
    check(served, "POST", "/v1/handoff?node=b", 501);
    check(served, "POST", "/v1/promote", 501);
    TestCluster cluster = new TestCluster();
    served.node.cluster = cluster;
    check(served, "GET", "/v1/cluster", 200);
    check(served, "POST", "/v1/handoff?node=b", 200);
    check(served, "POST", "/v1/promote", 200);
    cluster.change = CompletableFuture.failedFuture(new IOException("not now"));
    check(served, "POST", "/v1/handoff?node=b", 409);
    check(served, "POST", "/v1/promote", 409);
  }

  private void checkDashboard(ServedNode served) throws Exception {
    check(served, "GET", "/v1/session", 200);
    served.node.backups =
        List.of(
            new BackupStatus(
                "file:///backup",
                1,
                List.of(new BackupStatus.Point("0000000000000001", 1)),
                List.of(new BackupStatus.Snapshot("0000000000000001", 1, 512)),
                List.of(new BackupStatus.Gap(1, 2)),
                null));
    // Nobody listens there.
    served.node.peers = List.of(new NodePeer("b", "http://127.0.0.1:1"));
    for (String path : List.of("/v1/history", "/v1/restore-points")) {
      check(served, "GET", path + "?database=" + NAME, 200);
      check(served, "GET", path + "?database=" + NAME + "&node=" + served.node.nodeId(), 200);
      check(served, "GET", path, 400);
      check(served, "GET", path + "?database=no.db", 404);
      check(served, "GET", path + "?database=" + NAME + "&node=a", 404);
      check(served, "GET", path + "?database=" + NAME + "&node=b", 502);
    }
  }

  private static final class TestCluster implements ClusterView {
    CompletableFuture<Void> change = CompletableFuture.completedFuture(null);

    @Override
    public ClusterStatus status() {
      return new ClusterStatus(
          "file:///lease",
          3,
          "a",
          100,
          null,
          new DurabilityStatus("follower", List.of("b"), null),
          List.of(new ClusterMember("a", "http://a:1"), new ClusterMember("b", null)));
    }

    @Override
    public CompletableFuture<Void> handOff(String node, long timeoutMillis) {
      return change;
    }

    @Override
    public CompletableFuture<Void> promote(long timeoutMillis, boolean force) {
      return change;
    }
  }

  private static class Differing implements StreamService {
    @Override
    public void serve(InputStream request, OutputStream response) {}

    @Override
    public void difference(String database, InputStream request, OutputStream response) {}

    @Override
    public void acknowledged(byte[] request) {}
  }

  private static final class Refusing extends Differing {
    @Override
    public String refusal() {
      return "this node is not the primary";
    }
  }

  private Set<String> documentedAnswers() {
    Set<String> answers = new TreeSet<>();
    for (Map.Entry<String, JsonNode> path : document.get("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        method
            .getValue()
            .get("responses")
            .fieldNames()
            .forEachRemaining(
                status -> answers.add(key(method.getKey(), path.getKey()) + " " + status));
      }
    }
    return answers;
  }

  private static String key(String method, String path) {
    return method.toUpperCase(Locale.ROOT) + " " + path;
  }

  private void check(ServedNode served, String method, String pathAndQuery, int status)
      throws Exception {
    HttpResponse<String> answer = served.request(method, pathAndQuery);
    String path = pathAndQuery.replaceFirst("\\?.*", "");
    String what = method + " " + pathAndQuery + ": " + answer.body();
    assertThat(answer.statusCode()).as(what).isEqualTo(status);
    JsonNode described =
        document
            .get("paths")
            .get(path)
            .get(method.toLowerCase(Locale.ROOT))
            .get("responses")
            .get(String.valueOf(status));
    assertThat(described).as(what).isNotNull();
    String type = answer.headers().firstValue("content-type").orElse("").replaceFirst(";.*", "");
    JsonNode content = resolve(described).get("content").get(type);
    assertThat(content).as(what + " " + type).isNotNull();
    if (content.has("schema")) {
      checkSchema(what, content.get("schema"), ServedNode.json(answer));
    }
    answered.add(key(method, path) + " " + status);
  }

  /** As much of JSON Schema as the document uses; properties that it does not name are wrong. */
  private void checkSchema(String what, JsonNode reference, JsonNode value) {
    JsonNode schema = resolve(reference);
    if (schema.has("oneOf")) {
      checkSchema(what, schema.get("oneOf").get(value.isNull() ? 1 : 0), value);
      return;
    }
    assertThat(typeOf(value)).as(what).isIn(types(schema).toList());
    if (schema.has("enum")) {
      assertThat(schema.get("enum")).as(what).contains(value);
    }
    if (schema.has("pattern")) {
      assertThat(value.textValue())
          .as(what)
          .matches(Pattern.compile(schema.get("pattern").textValue()));
    }
    if (value.isArray()) {
      value.forEach(item -> checkSchema(what, schema.get("items"), item));
    }
    if (value.isObject()) {
      for (JsonNode required : schema.get("required")) {
        assertThat(value.has(required.textValue())).as(what + " has " + required).isTrue();
      }
      for (Map.Entry<String, JsonNode> property : value.properties()) {
        JsonNode described = schema.get("properties").get(property.getKey());
        assertThat(described).as(what + " " + property.getKey()).isNotNull();
        checkSchema(what + " " + property.getKey(), described, property.getValue());
      }
    }
  }

  private static Stream<String> types(JsonNode schema) {
    JsonNode type = schema.get("type");
    return type.isArray()
        ? type.valueStream().map(JsonNode::textValue)
        : Stream.of(type.textValue());
  }

  private static String typeOf(JsonNode value) {
    String type = value.getNodeType().name().toLowerCase(Locale.ROOT);
    return type.equals("number") ? "integer" : type;
  }

  private JsonNode resolve(JsonNode node) {
    return node.has("$ref")
        ? document.at(JsonPointer.compile(node.get("$ref").textValue().substring(1)))
        : node;
  }
}
