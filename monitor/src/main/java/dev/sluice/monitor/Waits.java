package dev.sluice.monitor;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.log.Database;
import dev.sluice.log.WaitOutcome;
import dev.sluice.ltx.Position;
import java.io.Closeable;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Clients that wait for a position. A wait holds its connection and no thread. One thread answers
 * all that a commit lets go: the committing thread only wakes it, and writing an answer does not
 * block. Safe for use by many threads.
 */
final class Waits implements Closeable {
  /** Each holds a connection and some kilobytes; beyond this a client is told to come back. */
  private static final int MAX_OPEN = 50_000;

  /** How long closing waits for the last answers to leave. */
  private static final long LAST_ANSWERS_MILLIS = 500;

  /** The body of every answer to a wait. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Answer(
      String outcome, @Nullable String position, @Nullable String error, @Nullable String hint) {}

  /** A wait, and what completes when its answer has been written. Equal only to itself. */
  private static final class OpenWait {
    final CompletableFuture<WaitOutcome> outcome;
    final CompletableFuture<Void> answered = new CompletableFuture<>();

    OpenWait(CompletableFuture<WaitOutcome> outcome) {
      this.outcome = outcome;
    }
  }

  private final Metrics metrics;
  private final Set<OpenWait> open = ConcurrentHashMap.newKeySet();
  private final ExecutorService answering =
      Executors.newSingleThreadExecutor(task -> NodeServer.thread("sluice-waits", task));
  private volatile boolean closed;

  Waits(Metrics metrics) {
    this.metrics = metrics;
  }

  /** Answers once {@code database} stands at {@code wanted}, or when the time is over. */
  void await(Exchange exchange, Database database, Position wanted, long timeoutMillis)
      throws ApiException {
    if (open.size() >= MAX_OPEN) {
      throw new ApiException(503, MAX_OPEN + " clients wait already", "try again later");
    }
    // The wait has its own end; the connection is not idle meanwhile.
    exchange.request().addIdleTimeoutListener(idle -> false);
    OpenWait wait = new OpenWait(database.await(wanted, timeoutMillis));
    open.add(wait);
    metrics.waitStarted();
    long startedNanos = System.nanoTime();
    Callback written =
        Callback.from(
            exchange.callback(),
            () -> {
              open.remove(wait);
              metrics.waitStopped();
              wait.answered.complete(null);
            });
    var unused =
        wait.outcome.whenCompleteAsync(
            (how, cancelled) ->
                answer(exchange.with(written), database, wanted, timeoutMillis, startedNanos, how),
            answering);
    if (closed) {
      wait.outcome.cancel(false);
    }
  }

  private void answer(
      Exchange exchange,
      Database database,
      Position wanted,
      long timeoutMillis,
      long startedNanos,
      @Nullable WaitOutcome how) {
    if (how == null) {
      exchange.json(503, new Problem("the node is stopping", "ask it again, or another node"));
      return;
    }
    String applied = database.applied().toString();
    switch (how) {
      case REACHED -> {
        metrics.reached(System.nanoTime() - startedNanos);
        exchange.json(200, new Answer(Metrics.Wait.REACHED.label, applied, null, null));
      }
      case TIMED_OUT ->
          answer(
              exchange,
              504,
              Metrics.Wait.TIMED_OUT,
              applied,
              "%s did not reach %s in %d ms; it stands at %s"
                  .formatted(database.name(), wanted, timeoutMillis, applied),
              "wait longer; GET /v1/status says how far this node is behind and why");
      case DIVERGED ->
          answer(
              exchange,
              409,
              Metrics.Wait.DIVERGED,
              applied,
              "%s of %s is not on this node's history; it stands at %s"
                  .formatted(wanted, database.name(), applied),
              "the transaction was lost or replaced, as in a failover or a restore; ask the primary for its position anew");
    }
  }

  private void answer(
      Exchange exchange,
      int status,
      Metrics.Wait outcome,
      String position,
      @Nullable String error,
      @Nullable String hint) {
    metrics.waited(outcome);
    exchange.json(status, new Answer(outcome.label, position, error, hint));
  }

  /** Answers a wait for a database that is not here. */
  void unknown(Exchange exchange, Problem problem) {
    metrics.waited(Metrics.Wait.UNKNOWN_DATABASE);
    exchange.json(
        404,
        new Answer(Metrics.Wait.UNKNOWN_DATABASE.label, null, problem.error(), problem.hint()));
  }

  /** Ends all waits with an error. */
  @Override
  public void close() {
    closed = true;
    open.forEach(wait -> wait.outcome.cancel(false));
    CompletableFuture<Void> all =
        CompletableFuture.allOf(
            open.stream().map(wait -> wait.answered).toArray(CompletableFuture[]::new));
    try {
      all.completeOnTimeout(null, LAST_ANSWERS_MILLIS, TimeUnit.MILLISECONDS).join();
    } finally {
      answering.shutdown();
    }
  }
}
