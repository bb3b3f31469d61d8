package dev.sluice.monitor;

import dev.sluice.access.Scope;
import dev.sluice.monitor.dashboard.Dashboard;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;

/**
 * What the dashboard asks a node for beside what everybody does. What another node knows is asked
 * of that one, with the token of this node: the page has one address, and one token.
 */
final class DashboardApi implements Closeable {
  private static final String NODE = "node";

  private final NodeView node;
  private final Dashboard dashboard;
  private final Live live = new Live();

  DashboardApi(NodeView node) {
    this.node = node;
    this.dashboard = new Dashboard(node, Version.CURRENT);
  }

  /** What the page may do. */
  private record Session(String nodeId, String scope, boolean open, String version) {}

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint("GET", "/v1/session", Scope.NONE, Set.of(), this::session),
        new Endpoint("GET", "/v1/live", Scope.READ, Set.of(), this::live),
        new Endpoint("GET", "/v1/history", Scope.READ, Set.of("database", NODE), this::history),
        new Endpoint(
            "GET", "/v1/restore-points", Scope.READ, Set.of("database", NODE), this::backups));
  }

  void start() {
    dashboard.start(live);
  }

  private void session(Exchange exchange) {
    boolean open =
        exchange.granted() == Scope.ADMIN
            && !exchange.request().getHeaders().contains("Authorization");
    exchange.json(
        200, new Session(node.nodeId(), exchange.granted().label(), open, Version.CURRENT));
  }

  private void live(Exchange exchange) throws ApiException {
    live.open(exchange);
    dashboard.wake(live);
  }

  private interface Question {
    Object ask() throws ApiException, IOException;
  }

  private interface Remote {
    Object ask(NodeClient node) throws IOException;
  }

  private void history(Exchange exchange) throws ApiException {
    String name = exchange.database();
    ask(exchange, () -> dashboard.histories().of(known(name)), other -> other.history(name));
  }

  private void backups(Exchange exchange) throws ApiException {
    String name = exchange.database();
    ask(exchange, () -> dashboard.backups(known(name)), other -> other.backups(name));
  }

  private String known(String name) throws ApiException {
    if (node.databases().get(name) == null) {
      throw new ApiException(404, Api.unknown(name));
    }
    return name;
  }

  /** Answers for this node, or what another one says. */
  private void ask(Exchange exchange, Question here, Remote there) throws ApiException {
    String id = exchange.optional(NODE);
    if (id == null || id.equals(node.nodeId())) {
      answer(exchange, here);
      return;
    }
    NodeClient other = dashboard.peer(id);
    if (other == null) {
      throw new ApiException(
          404, "node " + id + " is not known here", "GET /v1/live names those that are");
    }
    answer(exchange, () -> there.ask(other));
  }

  private void answer(Exchange exchange, Question question) throws ApiException {
    try {
      dashboard.asking().execute(() -> answerNow(exchange, question));
    } catch (RejectedExecutionException e) {
      throw new ApiException(503, "this node is asked for too much at once", "ask again later");
    }
  }

  private static void answerNow(Exchange exchange, Question question) {
    try {
      exchange.json(200, question.ask());
    } catch (ApiException e) {
      exchange.json(e.status(), e.problem());
    } catch (NodeException e) {
      exchange.json(
          e.status() == 404 ? 404 : 502, new Problem(String.valueOf(e.getMessage()), null));
    } catch (IOException | RuntimeException e) {
      exchange.json(502, new Problem(String.valueOf(e.getMessage()), "the node's log has more"));
    }
  }

  @Override
  public void close() {
    live.close();
    dashboard.close();
  }
}
