package dev.sluice.monitor.dashboard;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.ltx.Position;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.NodeStatus;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All databases of all nodes, and what of them has changed since a viewer was told last. Each look
 * is a tick; a viewer remembers its last. For one thread.
 */
final class Overview {
  /** Who has missed more gets everything anew. */
  private static final int KEPT_TICKS = 60;

  /**
   * A node, without its databases.
   *
   * @param error why it does not answer; what is said here is old then
   * @param leaseMillis what is left of its lease; 0 when it has none
   */
  record NodeLine(
      @Nullable String nodeId,
      @Nullable String url,
      boolean self,
      @Nullable String error,
      long leaseMillis,
      @Nullable String problem,
      @Nullable NodeStatus status) {}

  /**
   * What has changed on a node.
   *
   * @param databases that are new or have changed
   * @param gone names of databases that it has no more
   */
  record NodeChange(String key, NodeLine node, List<DatabaseStatus> databases, List<String> gone) {}

  /**
   * What has changed.
   *
   * @param since the tick of the last message; 0 when this is everything
   * @param lastEvent id of the last event of this node; 0 before the first
   * @param commits by database, in each tick since
   * @param history commits in each second before, where this is everything
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Change(
      long tick,
      long since,
      long timeMillis,
      long lastEvent,
      List<NodeChange> nodes,
      List<Map<String, Long>> commits,
      @Nullable Map<String, List<Integer>> history,
      @Nullable ClusterStatus cluster,
      List<Terms.Term> terms) {}

  /** A database as it was seen last; null when it is gone. */
  private record Versioned(@Nullable DatabaseStatus status, long tick) {}

  /** What is known of one node. */
  private static final class Known {
    NodeLine line;
    final Map<String, Versioned> databases = new HashMap<>();

    Known(NodeLine line) {
      this.line = line;
    }
  }

  private final Map<String, Known> nodes = new LinkedHashMap<>();
  private final Map<String, Long> txids = new HashMap<>();

  /** Newest last. */
  private final Deque<Map<String, Long>> commits = new ArrayDeque<>();

  private long tick;
  private @Nullable ClusterStatus cluster;

  long tick() {
    return tick;
  }

  /** Takes in what all nodes say now, by a key for each that stays the same. */
  void look(Map<String, NodeLine> now, @Nullable ClusterStatus clusterNow) {
    tick++;
    cluster = clusterNow;
    nodes.keySet().retainAll(now.keySet());
    Map<String, Long> heads = new HashMap<>();
    now.forEach(
        (key, line) -> {
          Known known = nodes.computeIfAbsent(key, k -> new Known(line));
          NodeStatus status = line.status();
          if (status != null) {
            take(known, status.databases(), heads);
            known.line = withoutDatabases(line, status);
          } else {
            known.line = line;
          }
        });
    Map<String, Long> counts = new TreeMap<>();
    heads.forEach(
        (name, head) -> {
          Long before = txids.put(name, head);
          // A database that was renumbered, or is of another history, has not committed so much.
          if (before != null && head > before && head - before < Integer.MAX_VALUE) {
            counts.put(name, head - before);
          }
        });
    commits.addLast(counts);
    if (commits.size() > KEPT_TICKS) {
      commits.removeFirst();
    }
  }

  private void take(Known known, List<DatabaseStatus> databases, Map<String, Long> heads) {
    Map<String, Versioned> before = known.databases;
    long there = 0;
    for (DatabaseStatus database : databases) {
      heads.merge(database.name(), Position.parse(database.position()).txid(), Math::max);
      Versioned last = before.get(database.name());
      if (last == null || !database.equals(last.status())) {
        before.put(database.name(), new Versioned(database, tick));
      }
      there++;
    }
    if (before.size() > there) {
      // Some are gone, or were before.
      Map<String, Boolean> names = new HashMap<>();
      databases.forEach(database -> names.put(database.name(), true));
      before.replaceAll(
          (name, last) ->
              last.status() == null || names.containsKey(name) ? last : new Versioned(null, tick));
    }
  }

  private static NodeLine withoutDatabases(NodeLine line, NodeStatus status) {
    NodeStatus bare =
        new NodeStatus(
            status.nodeId(),
            status.role(),
            status.epoch(),
            status.ready(),
            status.notReady(),
            status.connected(),
            status.version(),
            List.of(),
            status.storeUsage(),
            status.proxy(),
            status.health());
    return new NodeLine(
        line.nodeId(),
        line.url(),
        line.self(),
        line.error(),
        line.leaseMillis(),
        line.problem(),
        bare);
  }

  /**
   * What has changed since a tick.
   *
   * @param history for who has seen nothing yet
   */
  Change since(
      long last, long lastEvent, Map<String, List<Integer>> history, List<Terms.Term> terms) {
    long from = tick - last > commits.size() ? 0 : last;
    List<NodeChange> changes = new ArrayList<>();
    nodes.forEach(
        (key, known) -> {
          List<DatabaseStatus> changed = new ArrayList<>();
          List<String> gone = new ArrayList<>();
          known.databases.forEach(
              (name, versioned) -> {
                DatabaseStatus status = versioned.status();
                if (versioned.tick() > from && status != null) {
                  changed.add(status);
                } else if (versioned.tick() > from && from > 0) {
                  gone.add(name);
                }
              });
          changes.add(new NodeChange(key, known.line, changed, gone));
        });
    List<Map<String, Long>> missed = new ArrayList<>(commits);
    return new Change(
        tick,
        from,
        System.currentTimeMillis(),
        lastEvent,
        changes,
        from == 0 ? List.of() : missed.subList(missed.size() - (int) (tick - from), missed.size()),
        from == 0 ? history : null,
        cluster,
        terms);
  }
}
