package dev.sluice.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node says of itself; the answer of {@code GET /v1/status}.
 *
 * @param nodeId made once for a data directory: 16 hex digits
 * @param role {@code primary}, {@code follower} or {@code standby}
 * @param epoch of the primary's term; 0 without a lease
 * @param ready whether it serves and, on a follower, has caught up once
 * @param notReady what it waits for; null when it is ready
 * @param connected whether a follower is connected to its primary; true on a primary
 * @param version of Sluice
 * @param databases those asked for, by name
 * @param storeUsage what its stores were asked, by store
 * @param proxy where the proxy before its application is; null without one
 * @param health what is wrong with the node itself; empty when nothing is, null when the node, of
 *     an older version, does not say
 */
public record NodeStatus(
    String nodeId,
    String role,
    long epoch,
    boolean ready,
    @Nullable String notReady,
    boolean connected,
    String version,
    List<DatabaseStatus> databases,
    List<StoreUsage> storeUsage,
    @Nullable ProxyAddress proxy,
    @Nullable List<HealthProblem> health) {
  public NodeStatus {
    databases = List.copyOf(databases);
    storeUsage = storeUsage == null ? List.of() : List.copyOf(storeUsage);
    health = health == null ? null : List.copyOf(health);
  }

  /** The status of {@code node} with {@code databases}, which are all of its or some. */
  public static NodeStatus of(NodeView node, String version, List<DatabaseStatus> databases) {
    String notReady = node.notReady();
    return new NodeStatus(
        node.nodeId(),
        node.role(),
        node.epoch(),
        notReady == null,
        notReady,
        node.connected(),
        version,
        databases,
        node.storeUsage(),
        node.proxy(),
        node.health());
  }
}
