package dev.sluice.cli;

import static dev.sluice.cli.SluiceConfig.either;

import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.health.HealthLimits;
import dev.sluice.monitor.health.HookTarget;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * From where on something is wrong with a node, and who is told; null where nothing is said.
 *
 * @param backupObjective how old what a store lacks may become
 * @param lagObjective how old what readers of a follower see may become
 * @param minFree what is to be free on the disk of the data directory
 * @param metricsDatabases how many databases have metrics of their own
 * @param onEvent where events are told
 */
record MonitoringSettings(
    @Nullable Duration backupObjective,
    @Nullable Duration lagObjective,
    @Nullable ByteSize minFree,
    @Nullable Integer metricsDatabases,
    @Nullable HookTarget onEvent) {
  static final MonitoringSettings EMPTY = new MonitoringSettings(null, null, null, null, null);

  /** A store that is away for a moment is not worth waking anybody. */
  private static final Duration SHORTEST_BACKUP_OBJECTIVE = Duration.ofMinutes(1);

  private static final int SYNCS_PER_OBJECTIVE = 10;
  private static final Duration DEFAULT_LAG_OBJECTIVE = Duration.ofSeconds(10);
  private static final ByteSize DEFAULT_MIN_FREE = ByteSize.parse("1GiB");

  MonitoringSettings {
    if (metricsDatabases != null && metricsDatabases < 0) {
      throw new IllegalArgumentException("'metrics-databases' must be 0 or more");
    }
  }

  MonitoringSettings overriddenBy(MonitoringSettings stronger) {
    return new MonitoringSettings(
        either(stronger.backupObjective, backupObjective),
        either(stronger.lagObjective, lagObjective),
        either(stronger.minFree, minFree),
        either(stronger.metricsDatabases, metricsDatabases),
        either(stronger.onEvent, onEvent));
  }

  /**
   * From where on something is wrong.
   *
   * @param syncInterval how often transactions go to stores
   */
  HealthLimits limits(Duration syncInterval) {
    Duration syncs = syncInterval.multipliedBy(SYNCS_PER_OBJECTIVE);
    Duration derived =
        syncs.compareTo(SHORTEST_BACKUP_OBJECTIVE) > 0 ? syncs : SHORTEST_BACKUP_OBJECTIVE;
    return new HealthLimits(
        backupObjective == null ? derived : backupObjective,
        lagObjective == null ? DEFAULT_LAG_OBJECTIVE : lagObjective,
        minFreeOrDefault().bytes());
  }

  ByteSize minFreeOrDefault() {
    return minFree == null ? DEFAULT_MIN_FREE : minFree;
  }

  int metricsDatabasesOrDefault() {
    return metricsDatabases == null ? Metrics.DEFAULT_DATABASES : metricsDatabases;
  }
}
