package dev.sluice.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.access.Access;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Asks another node over HTTP: where a database stands, and to wait until it stands further. An
 * application that writes on the primary and reads on a follower does
 *
 * <pre>{@code
 * Position written = primary.position("shop/app.db");
 * if (follower.await("shop/app.db", written, Duration.ofSeconds(5)).reached()) { … }
 * }</pre>
 *
 * Calls block; an interrupt ends them with {@link InterruptedIOException}. Safe for use by many
 * threads.
 */
public final class NodeClient {
  /** What a node may take to answer, beyond the time it was asked to wait. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private record PositionAnswer(String database, String position) {}

  private record WaitAnswer(@Nullable String outcome, @Nullable String position) {}

  private record Problem(@Nullable String error, @Nullable String hint) {}

  private final String node;
  private final Access access;

  /**
   * A client of the node at {@code node}, such as {@code http://10.0.0.2:8080}. Connects when first
   * asked.
   *
   * @throws IllegalArgumentException when that is no HTTP URL
   */
  public NodeClient(URI node) {
    this(node, Access.none());
  }

  /**
   * A client that shows who it is.
   *
   * @param access its token, and whom it trusts
   * @throws IllegalArgumentException when that is no HTTP URL
   */
  public NodeClient(URI node, Access access) {
    this.access = access;
    String scheme = node.getScheme();
    if (!("http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme))
        || node.getHost() == null
        || node.getRawQuery() != null) {
      throw new IllegalArgumentException("node URL \"" + node + "\": expected http://host:port");
    }
    this.node = node.toString().replaceAll("/+$", "");
  }

  /** The URL of the node, without a slash at its end. */
  public String url() {
    return node;
  }

  /** What the node says of itself and of all its databases. */
  public NodeStatus status() throws IOException {
    return status(ANSWER_TIMEOUT);
  }

  /** The same, from a node that has so long to answer. */
  public NodeStatus status(Duration timeout) throws IOException {
    return ok(get("/v1/status", timeout), NodeStatus.class);
  }

  /** The last minutes of a database on that node. */
  public DatabaseHistory history(String database) throws IOException {
    return ok(
        get("/v1/history?database=" + encode(database), ANSWER_TIMEOUT), DatabaseHistory.class);
  }

  /** What the stores of that node can restore of a database. */
  public List<BackupStatus> backups(String database) throws IOException {
    return List.of(
        ok(
            get("/v1/restore-points?database=" + encode(database), ANSWER_TIMEOUT),
            BackupStatus[].class));
  }

  /**
   * The last transaction of {@code database} that readers of that node see. Asked of the primary
   * after a write, it covers the write.
   *
   * @throws NodeException with status 404 when the node has no such database
   */
  public Position position(String database) throws IOException {
    HttpResponse<String> answer = get("/v1/position?database=" + encode(database), ANSWER_TIMEOUT);
    return position(answer, ok(answer, PositionAnswer.class).position());
  }

  /**
   * Blocks until readers of that node see {@code position} of {@code database}.
   *
   * @param timeout at most an hour
   */
  public WaitResult await(String database, Position position, Duration timeout) throws IOException {
    HttpResponse<String> answer =
        get(
            "/v1/wait?database=%s&position=%s&timeout=%dms"
                .formatted(encode(database), encode(position.toString()), timeout.toMillis()),
            timeout.plus(ANSWER_TIMEOUT));
    String outcome = parse(answer, WaitAnswer.class).outcome();
    if (outcome == null) {
      throw problem(answer);
    }
    WaitResult.Outcome how;
    try {
      how = WaitResult.Outcome.valueOf(outcome.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw notSluice(answer, e);
    }
    String applied = parse(answer, WaitAnswer.class).position();
    return new WaitResult(how, applied == null ? null : position(answer, applied));
  }

  /**
   * Blocks until every store of {@code database} has what is committed to it now.
   *
   * @param timeout at most an hour
   * @return the position that they have
   */
  public Position sync(String database, Duration timeout) throws IOException {
    return post("/v1/sync", database, timeout);
  }

  /**
   * Blocks until every store of {@code database} has a snapshot of it as it is now.
   *
   * @param timeout at most an hour
   * @return the position of the snapshot
   */
  public Position snapshot(String database, Duration timeout) throws IOException {
    return post("/v1/snapshot", database, timeout);
  }

  /** The cluster as the node knows it. */
  public ClusterStatus cluster() throws IOException {
    return cluster(ANSWER_TIMEOUT);
  }

  /** The same, from a node that has so long to answer. */
  public ClusterStatus cluster(Duration timeout) throws IOException {
    return ok(get("/v1/cluster", timeout), ClusterStatus.class);
  }

  /**
   * Has the node, which is the primary, make another one that.
   *
   * @param to id or URL of a follower of it
   * @param timeout how long applications may wait meanwhile
   */
  public void handOff(String to, Duration timeout) throws IOException {
    change("/v1/handoff?node=%s&timeout=%dms".formatted(encode(to), timeout.toMillis()), timeout);
  }

  /** Makes the node the primary: has the one that is hand over; as {@link #handOff}. */
  public void promote(Duration timeout) throws IOException {
    promote(timeout, false);
  }

  /**
   * As {@link #promote(Duration)}.
   *
   * @param force the primary is gone, and the node may lack transactions that were acknowledged:
   *     they are lost
   */
  public void promote(Duration timeout, boolean force) throws IOException {
    change(
        "/v1/promote?timeout=%dms%s".formatted(timeout.toMillis(), force ? "&force=true" : ""),
        timeout);
  }

  private void change(String pathAndQuery, Duration timeout) throws IOException {
    HttpResponse<String> answer =
        send(
            request(pathAndQuery, timeout.plus(ANSWER_TIMEOUT))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    if (answer.statusCode() != 200) {
      throw problem(answer);
    }
  }

  private Position post(String path, String database, Duration timeout) throws IOException {
    HttpResponse<String> answer =
        send(
            request(
                    "%s?database=%s&timeout=%dms"
                        .formatted(path, encode(database), timeout.toMillis()),
                    timeout.plus(ANSWER_TIMEOUT))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    return position(answer, ok(answer, PositionAnswer.class).position());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private HttpResponse<String> get(String pathAndQuery, Duration timeout) throws IOException {
    return send(request(pathAndQuery, timeout).build());
  }

  private HttpRequest.Builder request(String pathAndQuery, Duration timeout) {
    return access.request(URI.create(node + pathAndQuery)).timeout(timeout);
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException {
    try {
      return access.http().send(request, BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while asking node " + node).initCause(e);
    } catch (IOException e) {
      String tls = Access.explain(e);
      if (tls != null) {
        throw new NodeException(NodeException.NO_ANSWER, "node " + node + ": " + tls, e);
      }
      throw new NodeException(
          NodeException.NO_ANSWER,
          "node %s gives no answer (%s); check that Sluice runs there, that it listens on this address, and that nothing between blocks it"
              .formatted(
                  node, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
          e);
    }
  }

  private <T> T ok(HttpResponse<String> answer, Class<T> type) throws NodeException {
    if (answer.statusCode() != 200) {
      throw problem(answer);
    }
    return parse(answer, type);
  }

  private <T> T parse(HttpResponse<String> answer, Class<T> type) throws NodeException {
    T value;
    try {
      value = JSON.readValue(answer.body(), type);
    } catch (JsonProcessingException e) {
      throw notSluice(answer, e);
    }
    if (value == null) {
      throw notSluice(answer, null);
    }
    return value;
  }

  private Position position(HttpResponse<String> answer, @Nullable String text)
      throws NodeException {
    if (text == null) {
      throw notSluice(answer, null);
    }
    try {
      return Position.parse(text);
    } catch (IllegalArgumentException e) {
      throw notSluice(answer, e);
    }
  }

  private NodeException problem(HttpResponse<String> answer) throws NodeException {
    Problem problem = parse(answer, Problem.class);
    if (problem.error() == null) {
      return notSluice(answer, null);
    }
    String hint = problem.hint() == null ? "" : " (" + problem.hint() + ")";
    return new NodeException(
        answer.statusCode(), "node " + node + ": " + problem.error() + hint, null);
  }

  private NodeException notSluice(HttpResponse<String> answer, @Nullable Throwable cause) {
    return new NodeException(
        answer.statusCode(),
        "node %s answers HTTP %d, but not as Sluice does; check the host and port"
            .formatted(node, answer.statusCode()),
        cause);
  }
}
