package dev.sluice.monitor.dashboard;

import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which node was the primary when, as far as this one has seen since it was started. */
final class Terms {
  private static final int MAX_TERMS = 20;

  /**
   * A term.
   *
   * @param seenMillis when this node first saw it, ms since the epoch
   */
  record Term(long epoch, String nodeId, @Nullable String url, long seenMillis) {}

  /** Newest first. Guarded by this. */
  private final Deque<Term> terms = new ArrayDeque<>();

  synchronized void look(ClusterStatus cluster) {
    String primary = cluster.primary();
    Term last = terms.peekFirst();
    if (primary == null
        || (last != null && last.epoch() == cluster.epoch() && last.nodeId().equals(primary))) {
      return;
    }
    String url =
        cluster.nodes().stream()
            .filter(node -> node.nodeId().equals(primary))
            .map(ClusterMember::url)
            .findFirst()
            .orElse(null);
    terms.addFirst(new Term(cluster.epoch(), primary, url, System.currentTimeMillis()));
    if (terms.size() > MAX_TERMS) {
      terms.removeLast();
    }
  }

  synchronized List<Term> all() {
    return List.copyOf(terms);
  }
}
