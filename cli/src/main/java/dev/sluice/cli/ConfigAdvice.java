package dev.sluice.cli;

import dev.sluice.cli.DurabilitySettings.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What of a configuration contradicts itself, although each key makes sense: errors, with which no
 * node starts, and settings that have no effect.
 *
 * @param isError whether no node starts with it
 * @param about the key that it is about
 * @param what is wrong
 * @param whatToDo the next step
 */
record ConfigAdvice(boolean isError, ConfigKey<?> about, String what, String whatToDo) {
  /** All there is to say of {@code config}. */
  static List<ConfigAdvice> of(SluiceConfig config) {
    Collector all = new Collector(config);
    all.cluster();
    all.security();
    all.stores();
    all.commands();
    return all.found;
  }

  /**
   * @throws UserException with the first error
   */
  static void check(SluiceConfig config) throws UserException {
    for (ConfigAdvice advice : of(config)) {
      if (advice.isError) {
        throw new UserException(advice.what, advice.whatToDo);
      }
    }
  }

  /** One thread. */
  private static final class Collector {
    private final SluiceConfig config;
    private final Settings said;
    private final List<ConfigAdvice> found = new ArrayList<>();

    Collector(SluiceConfig config) {
      this.config = config;
      this.said = config.said();
    }

    private void error(ConfigKey<?> about, String what, String whatToDo) {
      found.add(new ConfigAdvice(true, about, what, whatToDo));
    }

    private void warn(ConfigKey<?> about, String what, String whatToDo) {
      found.add(new ConfigAdvice(false, about, what, whatToDo));
    }

    /** Warns of each key that is said and does nothing. */
    private void idle(String why, Stream<ConfigKey<?>> keys) {
      keys.filter(said::has)
          .forEach(key -> warn(key, "'" + key + "' has no effect: " + why, "remove it"));
    }

    void cluster() {
      Mode mode = config.cluster().durability().mode();
      boolean lease = config.cluster().lease() != null;
      if (!lease && mode != Mode.ASYNC) {
        error(
            DurabilitySettings.MODE,
            "'durability' is for the nodes of a cluster",
            "add --lease URL, or 'lease' to the configuration");
      } else if (mode == Mode.STORE && !config.hasStores()) {
        error(
            DurabilitySettings.MODE,
            "'durability' is store, and there is none",
            "add --store URL, or 'store' to the configuration");
      }
      if (config.cluster().isStaticFollower() && config.follow() == null) {
        error(
            ClusterSettings.LEASE,
            "'lease' is static:follower, and it is not said whom to follow",
            "add --follow URL of the primary, or 'follow' to the configuration");
      }
      if (lease && config.listen() == null) {
        warn(
            ClusterSettings.LEASE,
            "a node with a 'lease' has to be reached by the others, and 'listen' says nowhere",
            "add --listen HOST:PORT, or 'listen' to the configuration");
      }
      if (lease
          && config.cluster().advertise() == null
          && config.listen() != null
          && config.listen().host().isEmpty()) {
        warn(
            ClusterSettings.LEASE,
            "other nodes are told to reach this one at an address of all of this machine's",
            "add 'advertise', the URL at which they do");
      }
      if (!lease) {
        idle("there is no 'lease'", Stream.of(ClusterSettings.TTL, ClusterSettings.ADVERTISE));
      }
      if (mode == Mode.ASYNC) {
        idle(
            "'durability' is async",
            Stream.of(
                DurabilitySettings.FOLLOWERS,
                DurabilitySettings.TIMEOUT,
                DurabilitySettings.ON_TIMEOUT));
      } else if (mode == Mode.STORE) {
        idle("'durability' is store", Stream.of(DurabilitySettings.FOLLOWERS));
      }
      if (!lease && config.follow() == null) {
        idle("the node follows nobody", Stream.of(SluiceConfig.FOLLOWER_OPEN));
      }
    }

    void security() {
      boolean asks = said.has(SecuritySettings.TLS) || !said.get(SecuritySettings.TOKENS).isEmpty();
      if (asks && said.get(SecuritySettings.INSECURE)) {
        idle("there are 'tokens' or 'tls'", Stream.of(SecuritySettings.INSECURE));
      }
      if (config.listen() == null) {
        idle(
            "nothing listens",
            Stream.of(SecuritySettings.TLS, SecuritySettings.TOKENS, SecuritySettings.INSECURE));
        return;
      }
      try {
        config.security().requireProtection(config.listen());
      } catch (UserException e) {
        error(SluiceConfig.LISTEN, e.what(), e.whatToDo());
      }
    }

    void stores() {
      if (!config.hasStores()) {
        idle(
            "there is no 'store'",
            ShippingSettings.KEYS.stream().filter(key -> key != ShippingSettings.LOG_KEEP));
      } else if (config.follow() != null) {
        idle("the primary ships, and this node follows it", Stream.of(SluiceConfig.STORE));
      }
      if (config.shipping().logLimit().bytes() < config.shipping().logKeep().bytes()) {
        warn(
            ShippingSettings.LOG_LIMIT,
            "'log-limit' is less than 'log-keep'",
            "make it larger, " + ShippingSettings.LOG_LIMIT.fallback() + " if not told otherwise");
      }
      if (config
              .shipping()
              .policy()
              .level0Retention()
              .compareTo(config.shipping().policy().retention())
          > 0) {
        warn(
            ShippingSettings.LEVEL_0_RETENTION,
            "'l0-retention' is longer than 'retention', which ends it",
            "make it shorter");
      }
    }

    void commands() {
      boolean mount =
          Stream.of(SluiceConfig.MOUNT, SluiceConfig.FOLLOW, ClusterSettings.LEASE)
              .anyMatch(said::has);
      if (mount) {
        idle(
            "it is for 'sluice replicate'",
            SluiceConfig.KEYS.stream().filter(key -> key.use() == ConfigKey.Use.REPLICATE));
      }
      if (config.data() != null
          && config.mount() != null
          && config
              .mount()
              .toAbsolutePath()
              .normalize()
              .startsWith(config.data().toAbsolutePath().normalize())) {
        error(
            SluiceConfig.MOUNT,
            "'mount' is within 'data'",
            "name an empty directory beside the data directory");
      }
    }
  }
}
