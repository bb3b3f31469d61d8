package dev.sluice.monitor;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.access.Scope;
import dev.sluice.follow.BadStreamRequestException;
import dev.sluice.follow.StreamService;
import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.Event;
import dev.sluice.node.EventLog;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeStatus;
import dev.sluice.node.NodeView;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;

/**
 * What the paths answer; {@code docs/openapi.yaml} describes it. Names of databases hold slashes
 * and so travel as a parameter.
 */
final class Api implements Closeable {
  /** How many events are given when nobody says. */
  private static final int EVENTS = 100;

  private record PositionAnswer(String database, String position) {}

  /** Databases only when asked for. */
  private record Health(
      String status,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<HealthProblem> health,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<DatabaseHealth> databases) {}

  private record DatabaseHealth(String name, @Nullable String error, List<HealthProblem> health) {}

  private record Events(List<Event> events, long next) {}

  private record Ready(boolean ready) {}

  private final NodeView node;
  private final Metrics metrics;
  private final Waits waits;
  private final @Nullable Streams streams;
  private final DashboardApi dashboard;

  Api(NodeView node, @Nullable Streams streams, Metrics metrics) {
    this.node = node;
    this.metrics = metrics;
    this.waits = new Waits(metrics);
    this.streams = streams;
    this.dashboard = new DashboardApi(node);
  }

  /** Begins to take note of what happens, for the dashboard. */
  void start() {
    dashboard.start();
  }

  List<Endpoint> endpoints() {
    return Stream.concat(
            Stream.of(
                new Endpoint("GET", "/v1/status", Scope.READ, Set.of("database"), this::status),
                new Endpoint("GET", "/v1/position", Scope.READ, Set.of("database"), this::position),
                new Endpoint(
                    "GET",
                    "/v1/wait",
                    Scope.READ,
                    Set.of("database", "position", "timeout"),
                    this::await),
                new Endpoint(
                    "POST", "/v1/sync", Scope.ADMIN, Set.of("database", "timeout"), this::sync),
                new Endpoint(
                    "POST",
                    "/v1/snapshot",
                    Scope.ADMIN,
                    Set.of("database", "timeout"),
                    this::snapshot),
                new Endpoint("POST", "/v1/stream", Scope.FOLLOW, Set.of(), this::stream),
                new Endpoint(
                    "POST", "/v1/difference", Scope.FOLLOW, Set.of("database"), this::difference),
                new Endpoint("POST", "/v1/acks", Scope.FOLLOW, Set.of(), this::acknowledge),
                new Endpoint("GET", "/v1/cluster", Scope.READ, Set.of(), this::cluster),
                new Endpoint(
                    "POST", "/v1/handoff", Scope.ADMIN, Set.of("node", "timeout"), this::handOff),
                new Endpoint(
                    "POST", "/v1/promote", Scope.ADMIN, Set.of("timeout", "force"), this::promote),
                new Endpoint(
                    "GET", "/v1/events", Scope.READ, Set.of("after", "limit"), this::events),
                new Endpoint("GET", "/metrics", Scope.READ, Set.of(), this::metrics),
                new Endpoint("GET", "/healthz", Scope.NONE, Set.of("verbose"), this::health),
                new Endpoint("GET", "/readyz", Scope.NONE, Set.of(), this::ready)),
            dashboard.endpoints().stream())
        .toList();
  }

  /** For commands on this machine when the node is not to listen: what tells no content. */
  List<Endpoint> localEndpoints() {
    return endpoints().stream()
        .filter(
            e ->
                Set.of("/v1/status", "/v1/sync", "/v1/snapshot", "/v1/position").contains(e.path()))
        .toList();
  }

  private void status(Exchange exchange) throws ApiException {
    String name = exchange.optionalDatabase();
    List<DatabaseStatus> databases;
    if (name == null) {
      databases = node.status();
    } else {
      DatabaseStatus status = node.status(name);
      if (status == null) {
        throw new ApiException(404, unknown(name));
      }
      databases = List.of(status);
    }
    exchange.json(200, NodeStatus.of(node, Version.CURRENT, databases));
  }

  private void position(Exchange exchange) throws ApiException, IOException {
    String name = exchange.database();
    node.captureNow(name);
    Database database = node.databases().get(name);
    if (database == null) {
      throw new ApiException(404, unknown(name));
    }
    exchange.json(200, new PositionAnswer(name, database.applied().toString()));
  }

  private void await(Exchange exchange) throws ApiException {
    String name = exchange.database();
    var wanted = exchange.position();
    long timeoutMillis = exchange.timeoutMillis();
    Database database = node.databases().get(name);
    if (database == null) {
      waits.unknown(exchange, unknown(name));
    } else {
      waits.await(exchange, database, wanted, timeoutMillis);
    }
  }

  private void sync(Exchange exchange) throws ApiException, IOException {
    inStores(exchange, node::sync);
  }

  private void snapshot(Exchange exchange) throws ApiException, IOException {
    inStores(exchange, node::snapshot);
  }

  private interface StoreAction {
    @Nullable CompletableFuture<Position> run(Database database);
  }

  /** Answers when every store has it; no thread waits. */
  private void inStores(Exchange exchange, StoreAction action) throws ApiException, IOException {
    String name = exchange.database();
    long timeoutMillis = exchange.timeoutMillis();
    node.captureNow(name);
    Database database = node.databases().get(name);
    if (database == null) {
      throw new ApiException(404, unknown(name));
    }
    CompletableFuture<Position> stored = action.run(database);
    if (stored == null) {
      throw new ApiException(501, "this node has no store for " + name, "give it one with --store");
    }
    var unused =
        stored
            .orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
            .whenComplete((position, failure) -> answer(exchange, name, position, failure));
  }

  private static void answer(
      Exchange exchange, String name, @Nullable Position position, @Nullable Throwable failure) {
    if (position != null) {
      exchange.json(200, new PositionAnswer(name, position.toString()));
    } else if (failure instanceof TimeoutException) {
      exchange.json(
          504,
          new Problem(
              name + ": not in every store within the time",
              "it goes on; GET /v1/status says what each store has"));
    } else {
      Throwable why = failure == null || failure.getCause() == null ? failure : failure.getCause();
      exchange.json(
          502,
          new Problem(
              why == null ? "unknown" : String.valueOf(why.getMessage()),
              "GET /v1/status says what each store has"));
    }
  }

  static Problem unknown(String database) {
    return new Problem(
        "unknown database \"" + database + "\"", "GET /v1/status lists those of this node");
  }

  private void stream(Exchange exchange) throws ApiException {
    streams(exchange).serve(exchange, Streams.MAX_REQUEST_BYTES, StreamService::serve);
  }

  private void difference(Exchange exchange) throws ApiException {
    String name = exchange.database();
    streams(exchange)
        .serve(
            exchange,
            Streams.MAX_DIFFERENCE_BYTES,
            (service, in, out) -> service.difference(name, in, out));
  }

  private Streams streams(Exchange exchange) throws ApiException {
    Streams serving = streams;
    if (serving == null) {
      throw new ApiException(
          501, "this node serves no stream", "follow a node that runs as a primary");
    }
    String refusal = serving.service().refusal();
    if (refusal != null) {
      throw new ApiException(503, refusal, "GET /v1/cluster says which node is");
    }
    HttpFields.Mutable headers = exchange.response().getHeaders();
    headers.put(StreamService.EPOCH, Long.toString(serving.service().epoch()));
    if (serving.service().wantsAcks()) {
      headers.put(StreamService.ACKS, "1");
    }
    return serving;
  }

  private record Acknowledged(boolean acknowledged) {}

  /** A follower's connection sends nothing else meanwhile; no thread waits for the rest of it. */
  private void acknowledge(Exchange exchange) throws ApiException {
    StreamService service = streams(exchange).service();
    long length = exchange.request().getLength();
    if (length < 0 || length > Streams.MAX_REQUEST_BYTES) {
      throw Exchange.bad("the request has no length, or more than " + Streams.MAX_REQUEST_BYTES);
    }
    Promise.Completable<ByteBuffer> body = new Promise.Completable<>();
    Content.Source.asByteBuffer(exchange.request(), body);
    var unused = body.whenComplete((bytes, failure) -> acknowledge(exchange, service, bytes));
  }

  private static void acknowledge(
      Exchange exchange, StreamService service, @Nullable ByteBuffer body) {
    if (body == null) {
      exchange.json(400, new Problem("the request broke off", null));
      return;
    }
    try {
      service.acknowledged(BufferUtil.toArray(body));
      exchange.json(200, new Acknowledged(true));
    } catch (BadStreamRequestException e) {
      exchange.json(400, new Problem(String.valueOf(e.getMessage()), null));
    } catch (IOException e) {
      exchange.json(409, new Problem(String.valueOf(e.getMessage()), null));
    }
  }

  private ClusterView clusterView() throws ApiException {
    ClusterView cluster = node.cluster();
    if (cluster == null) {
      throw new ApiException(
          501, "this node is part of no cluster", "give it a lease with --lease");
    }
    return cluster;
  }

  private void cluster(Exchange exchange) throws ApiException {
    exchange.json(200, clusterView().status());
  }

  private void handOff(Exchange exchange) throws ApiException {
    String to = exchange.required("node");
    changed(exchange, clusterView().handOff(to, exchange.timeoutMillis()));
  }

  private void promote(Exchange exchange) throws ApiException {
    boolean force = "true".equals(exchange.optional("force"));
    changed(exchange, clusterView().promote(exchange.timeoutMillis(), force));
  }

  private record Changed(boolean changed) {}

  private static void changed(Exchange exchange, CompletableFuture<Void> change) {
    var unused =
        change.whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                exchange.json(200, new Changed(true));
              } else {
                Throwable why = failure.getCause() == null ? failure : failure.getCause();
                exchange.json(409, new Problem(String.valueOf(why.getMessage()), null));
              }
            });
  }

  private void events(Exchange exchange) throws ApiException {
    long after = exchange.number("after", -1, 0, Long.MAX_VALUE);
    int limit = (int) exchange.number("limit", EVENTS, 1, EventLog.CAPACITY);
    List<Event> events = after < 0 ? node.events().last(limit) : node.events().after(after, limit);
    long next = events.isEmpty() ? Math.max(0, after) : events.get(events.size() - 1).id();
    exchange.json(200, new Events(events, next));
  }

  private void metrics(Exchange exchange) throws IOException {
    String accept = exchange.request().getHeaders().get(HttpHeader.ACCEPT);
    String contentType = TextFormat.chooseContentType(accept);
    ByteArrayOutputStream body = new ByteArrayOutputStream(1 << 16);
    // Letters come one by one.
    try (Writer writer =
        new BufferedWriter(new OutputStreamWriter(body, StandardCharsets.UTF_8), 1 << 16)) {
      metrics.write(node, contentType, writer);
    }
    exchange.bytes(200, contentType, body.toByteArray());
  }

  private void health(Exchange exchange) throws ApiException {
    if (!exchange.has("verbose")) {
      exchange.json(200, new Health("ok", null, null));
      return;
    }
    exchange.demand(Scope.READ);
    List<DatabaseHealth> databases =
        node.status().stream()
            .map(s -> new DatabaseHealth(s.name(), s.error(), s.health()))
            .toList();
    exchange.json(200, new Health("ok", node.health(), databases));
  }

  private void ready(Exchange exchange) throws ApiException {
    String notReady = node.notReady();
    if (notReady != null) {
      throw new ApiException(503, "not ready: " + notReady, null);
    }
    exchange.json(200, new Ready(true));
  }

  /** Ends what is open. */
  @Override
  public void close() {
    waits.close();
    dashboard.close();
    if (streams != null) {
      streams.close();
    }
  }
}
