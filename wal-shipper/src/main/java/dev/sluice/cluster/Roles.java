package dev.sluice.cluster;

import dev.sluice.lease.LeaseRecord;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node is in a cluster, changed by {@link Cluster}, one call at a time.
 *
 * <pre>
 *             lead                      standBy
 *   STANDBY ────────► PRIMARY   any ──────────► STANDBY: no commit is taken
 *      │ ▲
 *      ▼ │ follow
 *   FOLLOWER ──lead──► PRIMARY
 * </pre>
 */
public interface Roles {
  /**
   * Which nodes beside this one have all that was acknowledged before a term of it: what goes into
   * the record with which it takes the lease.
   *
   * @param before the record before it; null for the first
   * @param forced whether this node may lack some of that itself, and takes over all the same
   * @return null when any may be the primary after it
   */
  @Nullable List<String> inSync(@Nullable LeaseRecord before, boolean forced);

  /**
   * Whether this node may have lost what it committed, as the power was lost since then; what it
   * received and acknowledged it has.
   */
  boolean isForgetful();

  /**
   * Becomes the primary: applications may write when this returns. What was received is applied
   * before.
   *
   * @throws IOException when it can't; the node stands by then
   */
  void lead(long epoch) throws IOException;

  /** Follows that primary from now on; another one before is left. */
  void follow(URI primary, long epoch) throws IOException;

  /** Neither leads nor follows: takes no commit until it does. */
  void standBy();

  /** Whether the stream of the primary now followed is open. */
  boolean isConnected() throws IOException;

  /**
   * Whether this node neither led in a term nor caught up with who did, so that others have what it
   * never got.
   */
  boolean missed(long epoch);

  /**
   * Whether another node is known to have more transactions than this one, so that it should become
   * the primary. May ask others, for a second at most.
   */
  boolean isBehindOthers();

  /**
   * Keeps applications from writing, and returns when a follower has everything. {@link #standBy}
   * comes next.
   *
   * @param node id of the follower
   * @throws IOException when it does not have everything within the time; applications write on
   */
  void prepareHandOff(String node, long timeoutMillis) throws IOException;
}
