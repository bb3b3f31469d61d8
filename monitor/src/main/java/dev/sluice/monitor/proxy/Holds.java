package dev.sluice.monitor.proxy;

import dev.sluice.log.Database;
import dev.sluice.log.WaitOutcome;
import dev.sluice.ltx.Position;
import dev.sluice.monitor.ProxyCounts;
import dev.sluice.monitor.ProxyCounts.Hold;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads that wait until this node has what their client has seen. A wait holds no thread; what
 * comes after it runs on the thread that ends it. Safe for use by many threads.
 */
final class Holds implements Closeable {
  /** Each holds a connection and some kilobytes; beyond this a client is told to come back. */
  static final int MAX_OPEN = 50_000;

  /**
   * How a wait has ended.
   *
   * @param how of the worst of its positions
   * @param lost positions on another history than that of this node, with where it stands instead
   */
  record Outcome(Hold how, Map<Long, Position> lost) {}

  private record One(long database, Position wanted, CompletableFuture<WaitOutcome> outcome) {}

  /** Equal only to itself. */
  private static final class OpenWait {
    final CompletableFuture<Void> ended;

    OpenWait(CompletableFuture<Void> ended) {
      this.ended = ended;
    }
  }

  private final NodeView node;
  private final Commits commits;
  private final ProxyCounts counts;
  private final Set<OpenWait> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Holds(NodeView node, Commits commits, ProxyCounts counts) {
    this.node = node;
    this.commits = commits;
    this.counts = counts;
  }

  boolean isFull() {
    return open.size() >= MAX_OPEN;
  }

  /**
   * Completes when the readers of this node see all of {@code wanted}, or after {@code
   * timeoutMillis}; exceptionally when it is stopping.
   */
  CompletableFuture<Outcome> await(Positions wanted, long timeoutMillis) {
    long started = System.nanoTime();
    List<One> all = new ArrayList<>();
    wanted
        .byDatabase()
        .forEach(
            (database, position) ->
                all.add(new One(database, position, await(database, position, timeoutMillis))));
    CompletableFuture<Void> ended =
        CompletableFuture.allOf(all.stream().map(One::outcome).toArray(CompletableFuture[]::new));
    if (ended.isDone()) {
      return ended.thenApply(nothing -> outcome(all));
    }
    OpenWait wait = new OpenWait(ended);
    open.add(wait);
    counts.holdStarted();
    CompletableFuture<Outcome> outcome =
        ended.handle(
            (nothing, failure) -> {
              open.remove(wait);
              Outcome of = failure == null ? outcome(all) : new Outcome(Hold.STOPPED, Map.of());
              counts.held(of.how(), (System.nanoTime() - started) / 1e9);
              return of;
            });
    if (closed) {
      ended.cancel(false);
    }
    return outcome;
  }

  private CompletableFuture<WaitOutcome> await(long id, Position wanted, long timeoutMillis) {
    Database known = commits.get(id);
    if (known != null) {
      return known.await(wanted, timeoutMillis);
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    return commits
        .await(id, timeoutMillis)
        .thenCompose(
            database ->
                database.await(
                    wanted,
                    Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()))))
        .exceptionally(timeout -> WaitOutcome.TIMED_OUT);
  }

  private Outcome outcome(List<One> all) {
    Map<Long, Position> lost = new LinkedHashMap<>();
    Hold how = Hold.REACHED;
    for (One one : all) {
      WaitOutcome ended = one.outcome().join();
      if (ended == WaitOutcome.DIVERGED
          || (ended == WaitOutcome.TIMED_OUT && primaryLacks(one.database(), one.wanted()))) {
        Database here = commits.get(one.database());
        lost.put(one.database(), here == null ? Position.NONE : here.applied());
      } else if (ended == WaitOutcome.TIMED_OUT) {
        how = Hold.TIMED_OUT;
      }
    }
    return new Outcome(how == Hold.REACHED && !lost.isEmpty() ? Hold.DIVERGED : how, lost);
  }

  /**
   * Whether the primary, of which this node hears every second, has not got what was waited for:
   * then it was lost, as in a failover, and waiting longer is of no use.
   */
  private boolean primaryLacks(long id, Position wanted) {
    if (node.notReady() != null || !node.connected()) {
      return false;
    }
    Database here = commits.get(id);
    if (here == null) {
      return true;
    }
    DatabaseStatus status = node.status(here.name());
    FollowStatus follow = status == null ? null : status.follow();
    Position head = follow == null ? here.position() : Position.parse(follow.primary());
    return Long.compareUnsigned(head.txid(), wanted.txid()) < 0;
  }

  /** Which of {@code positions} the primary, this node, does not have, and where it stands. */
  Map<Long, Position> lostHere(Positions positions) {
    Map<Long, Position> lost = new LinkedHashMap<>();
    positions
        .byDatabase()
        .forEach(
            (id, wanted) -> {
              @Nullable Database here = commits.get(id);
              Position now = here == null ? Position.NONE : here.position();
              int order = Long.compareUnsigned(now.txid(), wanted.txid());
              if (order < 0 || (order == 0 && now.checksum() != wanted.checksum())) {
                lost.put(id, now);
              }
            });
    return lost;
  }

  /** Ends all waits. */
  @Override
  public void close() {
    closed = true;
    open.forEach(wait -> wait.ended.cancel(false));
  }
}
