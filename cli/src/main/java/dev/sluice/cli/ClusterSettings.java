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
  private static final Duration SHORTEST_TTL = Duration.ofMillis(500);

  ClusterSettings {
    if (ttl != null && ttl.compareTo(SHORTEST_TTL) < 0) {
      throw new IllegalArgumentException("'lease-ttl' must be at least 500ms");
    }
  }

  ClusterSettings overriddenBy(ClusterSettings stronger) {
    return new ClusterSettings(
        either(stronger.lease, lease),
        either(stronger.ttl, ttl),
        either(stronger.advertise, advertise),
        durability.overriddenBy(stronger.durability));
  }

  Duration ttlOrDefault() {
    return ttl == null ? DEFAULT_TTL : ttl;
  }
}
