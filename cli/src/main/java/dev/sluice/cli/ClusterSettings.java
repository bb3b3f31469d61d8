package dev.sluice.cli;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node is part of a cluster.
 *
 * @param said what is said of it
 */
record ClusterSettings(Settings said) {
  private static final Duration SHORTEST_TTL = Duration.ofMillis(500);

  /** This node is the primary, whatever others are. */
  private static final String STATIC_PRIMARY = "static:primary";

  /** This node follows the one that 'follow' names, and never takes its place. */
  private static final String STATIC_FOLLOWER = "static:follower";

  static final ConfigKey<String> LEASE =
      ConfigKey.named("lease", ConfigType.TEXT)
          .use(ConfigKey.Use.MOUNT)
          .fallbackText("no cluster")
          .flag(
              "--lease",
              "URL",
              "Take turns with other nodes as the primary: the one that has this lease is, and the"
                  + " others follow it. s3://bucket/path, file:///shared/directory or"
                  + " etcd://host:2379/key, the same for all. static:primary and static:follower"
                  + " (with --follow) when you say it.")
          .check(ClusterSettings::checkStatic)
          .says(
              "for `sluice mount`: where the nodes of a cluster keep the lease that says which of them"
                  + " is the primary; the same on all. `s3://bucket/path`, `file:///shared/directory`,"
                  + " `etcd://host:2379/key`; see [clusters](clusters.md). Or `static:primary`,"
                  + " `static:follower` (with `follow`): [you say it](clusters.md#without-a-lease)");

  static final ConfigKey<Duration> TTL =
      ConfigKey.named("lease-ttl", ConfigType.DURATION)
          .use(ConfigKey.Use.MOUNT)
          .fallback(Duration.ofSeconds(10))
          .flag("--lease-ttl", "DURATION", "How long the lease lasts without a renewal.")
          .check(
              (key, value) -> {
                if (value.compareTo(SHORTEST_TTL) < 0) {
                  throw new IllegalArgumentException("'" + key + "' must be at least 500ms");
                }
              })
          .says(
              "how long the lease lasts without a renewal, at least `500ms`: when the primary is gone,"
                  + " another node takes over after that time");

  static final ConfigKey<NodeUrl> ADVERTISE =
      ConfigKey.named("advertise", ConfigType.NODE_URL)
          .use(ConfigKey.Use.MOUNT)
          .fallbackText("where it listens")
          .flag("--advertise", "URL", "Where other nodes reach this one.")
          .says("URL at which the other nodes of the cluster reach this one, `http://host:port`");

  /** In the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS = List.of(LEASE, TTL, ADVERTISE);

  /** Where the lease is kept; null for a node that is part of no cluster. */
  @Nullable String lease() {
    return said.find(LEASE);
  }

  /** Whether people say which node is the primary. */
  boolean isStatic() {
    return STATIC_PRIMARY.equals(lease()) || isStaticFollower();
  }

  boolean isStaticFollower() {
    return STATIC_FOLLOWER.equals(lease());
  }

  private static void checkStatic(ConfigKey<String> key, String lease) {
    if (lease.startsWith("static:")
        && !lease.equals(STATIC_PRIMARY)
        && !lease.equals(STATIC_FOLLOWER)) {
      throw new IllegalArgumentException(
          "'" + key + "': '" + lease + "' is neither static:primary nor static:follower");
    }
  }

  /** How long it lasts without a renewal. */
  Duration ttl() {
    return said.get(TTL);
  }

  /** Where other nodes reach this one; null for where it listens. */
  @Nullable NodeUrl advertise() {
    return said.find(ADVERTISE);
  }

  /** What a commit waits for. */
  DurabilitySettings durability() {
    return new DurabilitySettings(said);
  }
}
