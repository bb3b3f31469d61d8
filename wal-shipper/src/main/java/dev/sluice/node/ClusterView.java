package dev.sluice.node;

import java.util.concurrent.CompletableFuture;

/** The cluster that a node is part of. Safe for use by many threads. */
public interface ClusterView {
  /** Its nodes, as far as this one knows them. */
  ClusterStatus status();

  /**
   * Makes another node the primary; for the one that is.
   *
   * @param node id of a follower, or its URL
   * @return completes when it has been told to take over; exceptionally, with the cause {@link
   *     java.io.IOException}, when it can't
   */
  CompletableFuture<Void> handOff(String node, long timeoutMillis);

  /**
   * Makes this node the primary: has the one that is hand over.
   *
   * @param force takes over from a primary that is gone, though this node may lack acknowledged
   *     transactions
   * @return as that of {@link #handOff}
   */
  CompletableFuture<Void> promote(long timeoutMillis, boolean force);
}
