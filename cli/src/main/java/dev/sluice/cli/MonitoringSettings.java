package dev.sluice.cli;

import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.health.HealthLimits;
import dev.sluice.monitor.health.HookTarget;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From where on something is wrong with a node, and who is told.
 *
 * @param said what is said of it
 */
record MonitoringSettings(Settings said) {
  static final ConfigKey<Duration> BACKUP_OBJECTIVE =
      ConfigKey.named("backup-objective", ConfigType.DURATION)
          .reloadable()
          .fallbackText("ten times `sync-interval`, at least `1m`")
          .says(
              "how old what a store lacks may become before that is a [problem](operations.md#health),"
                  + " `backup_late`");

  static final ConfigKey<Duration> LAG_OBJECTIVE =
      ConfigKey.named("lag-objective", ConfigType.DURATION)
          .reloadable()
          .fallback(Duration.ofSeconds(10))
          .says(
              "how old what readers of a follower see may become before that is a problem,"
                  + " `follower_lag`");

  static final ConfigKey<ByteSize> MIN_FREE =
      ConfigKey.named("min-free", ConfigType.SIZE)
          .reloadable()
          .fallback(ByteSize.parse("1GiB"))
          .says(
              "what is to be free on the disk of `data`: with less, `disk_low` warns, and with less"
                  + " than a quarter of it is an error");

  static final ConfigKey<HookTarget> ON_EVENT =
      ConfigKey.named("on-event", ConfigType.HOOK)
          .reloadable()
          .fallbackText("nobody is told")
          .says(
              "whom each [event](operations.md#events) is told: a URL, to which it is posted as JSON,"
                  + " or a command for the shell, which gets it on its standard input. One that may be"
                  + " secret is best `${NAME}`; it is never shown");

  static final ConfigKey<Integer> METRICS_DATABASES =
      ConfigKey.named("metrics-databases", ConfigType.COUNT)
          .fallback(Metrics.DEFAULT_DATABASES)
          .says(
              "how many databases have [metrics of their own](metrics.md); those of all together are"
                  + " always there");

  /** In the order in which they are documented. */
  static final List<ConfigKey<?>> KEYS =
      List.of(BACKUP_OBJECTIVE, LAG_OBJECTIVE, MIN_FREE, ON_EVENT, METRICS_DATABASES);

  /** A store that is away for a moment is not worth waking anybody. */
  private static final Duration SHORTEST_BACKUP_OBJECTIVE = Duration.ofMinutes(1);

  private static final int SYNCS_PER_OBJECTIVE = 10;

  /**
   * From where on something is wrong.
   *
   * @param syncInterval how often transactions go to stores
   */
  HealthLimits limits(Duration syncInterval) {
    Duration syncs = syncInterval.multipliedBy(SYNCS_PER_OBJECTIVE);
    Duration derived =
        syncs.compareTo(SHORTEST_BACKUP_OBJECTIVE) > 0 ? syncs : SHORTEST_BACKUP_OBJECTIVE;
    Duration backup = said.find(BACKUP_OBJECTIVE);
    return new HealthLimits(
        backup == null ? derived : backup, said.get(LAG_OBJECTIVE), said.get(MIN_FREE).bytes());
  }

  /** How many databases have metrics of their own. */
  int metricsDatabases() {
    return said.get(METRICS_DATABASES);
  }

  /** Where events are told; null for nowhere. */
  @Nullable HookTarget onEvent() {
    return said.find(ON_EVENT);
  }
}
