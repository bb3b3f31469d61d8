package dev.sluice.cli;

import static dev.sluice.cli.SluiceConfig.either;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a node is part of a cluster; null where nothing is said.
 *
 * @param lease where the lease is kept; null for a node that is part of none
 * @param ttl how long it lasts without a renewal
 * @param advertise where other nodes reach this one; null for where it listens
 * @param durability what a commit waits for
 */
record ClusterSettings(
    @Nullable String lease,
    @Nullable Duration ttl,
    @Nullable NodeUrl advertise,
    DurabilitySettings durability) {
  static final ClusterSettings EMPTY =
      new ClusterSettings(null, null, null, DurabilitySettings.EMPTY);

  private static final Duration DEFAULT_TTL = Duration.ofSeconds(10);

  /** This node is the primary, whatever others are. */
  static final String STATIC_PRIMARY = "static:primary";

  /** This node follows the one that 'follow' names, and never takes its place. */
  static final String STATIC_FOLLOWER = "static:follower";

  private static final Duration SHORTEST_TTL = Duration.ofMillis(500);

  ClusterSettings {
    if (ttl != null && ttl.compareTo(SHORTEST_TTL) < 0) {
      throw new IllegalArgumentException("'lease-ttl' must be at least 500ms");
    }
    if (lease != null && lease.startsWith("static:") && !isStatic(lease)) {
      throw new IllegalArgumentException(
          "'lease': '" + lease + "' is neither static:primary nor static:follower");
    }
  }

  ClusterSettings overriddenBy(ClusterSettings stronger) {
    return new ClusterSettings(
        either(stronger.lease, lease),
        either(stronger.ttl, ttl),
        either(stronger.advertise, advertise),
        durability.overriddenBy(stronger.durability));
  }

  /** Whether people say which node is the primary. */
  boolean isStatic() {
    return isStatic(lease);
  }

  private static boolean isStatic(@Nullable String lease) {
    return STATIC_PRIMARY.equals(lease) || STATIC_FOLLOWER.equals(lease);
  }

  boolean isStaticFollower() {
    return STATIC_FOLLOWER.equals(lease);
  }

  Duration ttlOrDefault() {
    return ttl == null ? DEFAULT_TTL : ttl;
  }
}
