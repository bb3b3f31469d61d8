package dev.sluice.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cluster as one of its nodes knows it; the answer of {@code GET /v1/cluster}.
 *
 * @param lease where the lease is kept
 * @param epoch of the last term that the node has heard of
 * @param primary id of the node that has the lease; null when nobody has
 * @param leaseMillis what is left of the lease of this node, in ms; 0 on others
 * @param problem what keeps the node from leading or following, or from renewing its lease; null
 *     when nothing does
 * @param durability what a commit waits for
 * @param nodes of the cluster, this one first
 */
public record ClusterStatus(
    String lease,
    long epoch,
    @Nullable String primary,
    long leaseMillis,
    @Nullable String problem,
    @Nullable DurabilityStatus durability,
    List<ClusterMember> nodes) {
  public ClusterStatus {
    nodes = List.copyOf(nodes);
  }

  /**
   * A node.
   *
   * @param nodeId its id
   * @param url where it is reached; null when it serves nobody
   */
  public record ClusterMember(String nodeId, @Nullable String url) {}
}
