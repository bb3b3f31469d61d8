package dev.sluice.cli;

import dev.sluice.durability.DurabilityPolicy;
import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import java.time.Duration;
import java.util.List;

/**
 * What a commit in a cluster waits for.
 *
 * @param said what is said of it
 */
record DurabilitySettings(Settings said) {
  private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(100);

  /** What has a transaction when its commit returns. */
  enum Mode {
    /** This node. */
    ASYNC,
    /** Followers, too. */
    FOLLOWER,
    /** The stores, too. */
    STORE
  }

  static final ConfigKey<Mode> MODE =
      ConfigKey.named("durability", ConfigType.oneOf(Mode.class))
          .use(ConfigKey.Use.MOUNT)
          .fallback(Mode.ASYNC)
          .flag(
              "--durability",
              "MODE",
              "With --lease: what has a transaction when its commit returns. async: this node;"
                  + " follower: followers, on their disks; store: all stores.")
          .says(
              "for nodes with a `lease`: what has a transaction when its commit returns. `async`: this"
                  + " node; `follower`: followers, on their disks; `store`: all stores of the database."
                  + " The same on all nodes; see [clusters](clusters.md#durability)");

  static final ConfigKey<Integer> FOLLOWERS =
      ConfigKey.named("durability-followers", ConfigType.COUNT)
          .use(ConfigKey.Use.MOUNT)
          .fallback(1)
          .flag("--durability-followers", "N", "How many followers must have it, at least.")
          .says("with `follower`: how many must have it, at least");

  static final ConfigKey<Duration> TIMEOUT =
      ConfigKey.named("durability-timeout", ConfigType.DURATION)
          .use(ConfigKey.Use.MOUNT)
          .fallback(Duration.ofSeconds(5))
          .flag("--durability-timeout", "DURATION", "How long a commit may wait for them.")
          .check(
              (key, value) -> {
                if (value.compareTo(SHORTEST_TIMEOUT) < 0) {
                  throw new IllegalArgumentException("'" + key + "' must be at least 100ms");
                }
              })
          .says(
              "how long a commit may wait for that, at least `100ms`. Half of it is what a follower may"
                  + " be late before others do without it");

  static final ConfigKey<OnTimeout> ON_TIMEOUT =
      ConfigKey.named("durability-on-timeout", ConfigType.oneOf(OnTimeout.class))
          .use(ConfigKey.Use.MOUNT)
          .fallback(OnTimeout.REFUSE)
          .flag(
              "--durability-on-timeout",
              "POLICY",
              "Then, refuse: it fails, and is taken back; degrade: commits go on without waiting until"
                  + " it is possible again.")
          .says(
              "what happens then. `refuse`: the commit fails and is taken back; `degrade`: commits go"
                  + " on as with `async` until it is possible again");

  /** In the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS = List.of(MODE, FOLLOWERS, TIMEOUT, ON_TIMEOUT);

  Mode mode() {
    return said.get(MODE);
  }

  DurabilityPolicy policy() {
    return new DurabilityPolicy(said.get(FOLLOWERS), said.get(TIMEOUT), said.get(ON_TIMEOUT));
  }
}
