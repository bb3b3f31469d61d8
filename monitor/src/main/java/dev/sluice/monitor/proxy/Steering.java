package dev.sluice.monitor.proxy;

import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import dev.sluice.monitor.ProxyCounts;
import dev.sluice.monitor.ProxyCounts.Kind;
import dev.sluice.monitor.proxy.Visit.Destination;
import dev.sluice.node.NodeView;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what becomes of a request, and what its client is told of it. Nothing waits on a thread.
 *
 * <pre>
 *               on the primary        on a follower
 *   write       application           proxy of the primary
 *   read        application           application, once this node has what the client has seen
 * </pre>
 */
final class Steering {
  private static final Logger LOG = LoggerFactory.getLogger(Steering.class);

  /** How often a request looks for a primary while there is none. */
  private static final long LOOK_AGAIN_MILLIS = 20;

  /** The read of somebody who was away for longer is not held for what he wrote. */
  private static final long COOKIE_SECONDS = 600;

  private static final String FLY_REPLAY = "fly-replay";
  private static final String FLY_REPLAY_SOURCE = "fly-replay-src";

  /** Comes back with the request that was replayed. */
  private static final String FLY_STATE = "state=sluice";

  private final ProxyOptions options;
  private final NodeView node;
  private final ProxyCounts counts;
  private final PathRules rules;
  private final Commits commits;
  private final Holds holds;
  private final Primaries primaries;
  private final Executor executor;
  private final Scheduler scheduler;

  /** In {@code Via}, for a node to know a request that it has passed on. */
  private final String via;

  /** Sends a request to where it goes. */
  interface Sender {
    void send(Visit visit);
  }

  Steering(
      ProxyOptions options,
      NodeView node,
      ProxyCounts counts,
      Commits commits,
      Primaries primaries,
      Holds holds,
      Executor executor,
      Scheduler scheduler) {
    this.options = options;
    this.node = node;
    this.counts = counts;
    this.rules = new PathRules(options.writePaths(), options.readPaths());
    this.commits = commits;
    this.primaries = primaries;
    this.holds = holds;
    this.executor = executor;
    this.scheduler = scheduler;
    this.via = "sluice-" + node.nodeId();
  }

  String via() {
    return via;
  }

  private boolean leads() {
    return node.role().equals("primary");
  }

  void steer(Request request, Response response, Callback callback, Sender sender) {
    Visit visit;
    try {
      visit = Visit.of(request, response, callback, rules, commits.now());
    } catch (IllegalArgumentException e) {
      counts.request(Kind.REFUSED);
      Answers.error(
          response,
          callback,
          400,
          String.valueOf(e.getMessage()),
          "send what a response had in that header, or nothing");
      return;
    }
    if (request.getMethod().equals("CONNECT")) {
      counts.request(Kind.REFUSED);
      Answers.error(response, callback, 405, "this is no proxy for CONNECT", null);
    } else if (hasBeenHere(visit)) {
      counts.request(Kind.REFUSED);
      Answers.error(
          response,
          callback,
          508,
          "the request has come to this node twice",
          "the application behind a proxy must be an application, and no two nodes may take each"
              + " other for the primary");
    } else if (leads()) {
      answerHere(visit, sender);
    } else if (visit.isWrite()) {
      forward(visit, sender);
    } else if (visit.positions().isEmpty()) {
      answerHere(visit, sender);
    } else {
      hold(visit, sender);
    }
  }

  private boolean hasBeenHere(Visit visit) {
    return visit.getHeaders().getCSV(HttpHeader.VIA, true).stream()
        .anyMatch(hop -> hop.endsWith(" " + via));
  }

  private void answerHere(Visit visit, Sender sender) {
    boolean leads = leads();
    counts.request(visit.isWrite() ? Kind.WRITE : Kind.READ);
    visit.goesHere(options.targetUrl(), leads);
    sender.send(visit);
  }

  private void hold(Visit visit, Sender sender) {
    if (holds.isFull()) {
      counts.request(Kind.REFUSED);
      Answers.later(
          visit.response(),
          visit.callback(),
          503,
          Holds.MAX_OPEN + " requests wait already",
          "try again later");
      return;
    }
    CompletableFuture<Holds.Outcome> outcome =
        holds.await(visit.positions(), options.waitLimitMillis());
    if (outcome.isDone()) {
      afterHold(visit, outcome.join(), sender);
    } else {
      var unused =
          outcome.thenAcceptAsync(
              ended -> guarded(visit, () -> afterHold(visit, ended, sender)), executor);
    }
  }

  private void afterHold(Visit visit, Holds.Outcome outcome, Sender sender) {
    switch (outcome.how()) {
      case REACHED -> answerHere(visit, sender);
      case DIVERGED -> {
        visit.renew(visit.positions().replacedBy(outcome.lost()));
        answerHere(visit, sender);
      }
      case TIMED_OUT -> {
        counts.request(Kind.REFUSED);
        Answers.later(
            visit.response(),
            visit.callback(),
            504,
            "this node has not got what the client has written within %d ms"
                .formatted(options.waitLimitMillis()),
            "try again; 'sluice status' says how far the node is behind and why");
      }
      case STOPPED -> {
        counts.request(Kind.REFUSED);
        Answers.later(
            visit.response(),
            visit.callback(),
            503,
            "the node is stopping",
            "try again, or another node");
      }
    }
  }

  /** Sends it to the primary, or looks for one until the time is over. */
  void forward(Visit visit, Sender sender) {
    Primaries.Primary primary = primaries.now();
    if (leads()) {
      answerHere(visit, sender);
    } else if (wasReplayed(visit) || (primary == null && options.flyRegion() == null)) {
      if (visit.isOlderThan(options.waitLimitMillis())) {
        counts.request(Kind.REFUSED);
        Answers.later(
            visit.response(),
            visit.callback(),
            503,
            primaries.problem(),
            "try again; 'sluice status' and 'sluice cluster' say what the node waits for");
      } else {
        forwardLater(visit, sender);
      }
    } else if (options.forwarding() == WriteForwarding.PROXY && primary != null) {
      counts.request(visit.isRetried() ? Kind.RETRIED : Kind.FORWARDED);
      visit.goesTo(primary);
      sender.send(visit);
    } else {
      sendElsewhere(visit, primary);
    }
  }

  private void forwardLater(Visit visit, Sender sender) {
    scheduler.schedule(
        () -> executor.execute(() -> guarded(visit, () -> forward(visit, sender))),
        LOOK_AGAIN_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  private boolean wasReplayed(Visit visit) {
    String source = visit.getHeaders().get(FLY_REPLAY_SOURCE);
    return options.forwarding() == WriteForwarding.FLY_REPLAY
        && source != null
        && source.contains(FLY_STATE);
  }

  private void sendElsewhere(Visit visit, Primaries.@Nullable Primary primary) {
    counts.request(Kind.REFUSED);
    String machine = primary == null ? null : primary.flyMachine();
    String place =
        machine != null
            ? "instance=" + machine
            : options.flyRegion() != null ? "region=" + options.flyRegion() : null;
    if (options.forwarding() == WriteForwarding.FLY_REPLAY && place != null) {
      Response response = visit.response();
      response.setStatus(409);
      response.getHeaders().put(FLY_REPLAY, place + ";" + FLY_STATE);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0);
      response.write(true, null, visit.callback());
    } else if (options.forwarding() == WriteForwarding.FLY_REPLAY) {
      Answers.later(
          visit.response(),
          visit.callback(),
          503,
          "the primary has no machine at Fly.io",
          "it must have FLY_MACHINE_ID in its environment, or this node PRIMARY_REGION");
    } else {
      Answers.elsewhere(
          visit.response(),
          visit.callback(),
          "this node is not the primary",
          primary == null ? null : primary.url().toString());
    }
  }

  /** The primary is not where it was, for the reason given: looks for it again. */
  void lost(Primaries.Primary primary, String why, Visit visit, Sender sender) {
    primaries.forget(primary, why);
    forwardLater(visit, sender);
  }

  boolean isOver(Visit visit) {
    return visit.isOlderThan(options.waitLimitMillis());
  }

  /** Whether a read is to be tried on the primary in place of an answer of this node. */
  boolean retries(Visit visit, int status, HttpFields answer) {
    boolean wanted =
        (status >= 500 && "primary".equalsIgnoreCase(answer.get("Sluice-Retry")))
            || (status == 503 && options.retryReads());
    return wanted && options.forwarding() == WriteForwarding.PROXY && visit.mayRetryOnPrimary();
  }

  /** What the application has answered is about to go to the client. */
  void answered(Visit visit, HttpFields.Mutable headers) {
    Positions seen = visit.renewed();
    if (visit.destination() == Destination.HERE_AS_PRIMARY) {
      if (node.capturesLate()) {
        capture();
      }
      Map<Long, Position> known = commits.since(visit.moment());
      holds.lostHere(visit.positions()).forEach(known::putIfAbsent);
      seen = known.isEmpty() ? null : visit.positions().replacedBy(known);
    }
    if (seen == null) {
      return;
    }
    if (!seen.isEmpty()) {
      headers.put(Visit.HEADER, seen.toString());
    }
    headers.add(
        HttpHeader.SET_COOKIE,
        "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax"
            .formatted(Visit.COOKIE, seen, seen.isEmpty() ? 0 : COOKIE_SECONDS));
  }

  /** What the application has committed is to have a position. */
  private void capture() {
    for (Database database : node.databases().all()) {
      try {
        node.captureNow(database.name());
      } catch (IOException e) {
        // Its state says so, and a position that is not known can't be promised.
        LOG.debug("{} could not be captured", database.name(), e);
      }
    }
  }

  /** Runs what comes later, so that a failure ends the request. */
  void guarded(Visit visit, Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", visit.getMethod(), visit.target(), e);
      Response.writeError(visit, visit.response(), visit.callback(), e);
    }
  }
}
