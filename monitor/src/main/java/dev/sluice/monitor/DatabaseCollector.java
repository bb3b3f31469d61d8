package dev.sluice.monitor;

import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.HealthProblem;
import io.prometheus.client.Collector.MetricFamilySamples;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The metrics of single databases, for one scrape. */
final class DatabaseCollector {
  private final List<DatabaseStatus> databases;
  private final Function<String, DatabaseCounts> countsOf;
  private final long nowMillis;

  private final GaugeMetricFamily position = Metric.DATABASE_POSITION.gauges();
  private final GaugeMetricFamily applied = Metric.DATABASE_APPLIED.gauges();
  private final GaugeMetricFamily size = Metric.DATABASE_SIZE.gauges();
  private final GaugeMetricFamily log = Metric.DATABASE_LOG.gauges();
  private final CounterMetricFamily commits = Metric.DATABASE_COMMITS.counters();
  private final CounterMetricFamily logWritten = Metric.DATABASE_LOG_WRITTEN.counters();
  private final CounterMetricFamily refused = Metric.DATABASE_COMMITS_REFUSED.counters();
  private final CounterMetricFamily readOnlyOpens = Metric.DATABASE_READ_ONLY_OPENS.counters();
  private final CounterMetricFamily gaps = Metric.DATABASE_CAPTURE_GAPS.counters();
  private final GaugeMetricFamily health = Metric.DATABASE_HEALTH.gauges();
  private final GaugeMetricFamily shipped = Metric.DATABASE_SHIPPED.gauges();
  private final GaugeMetricFamily unshippedAge = Metric.DATABASE_UNSHIPPED_AGE.gauges();
  private final GaugeMetricFamily verified = Metric.DATABASE_VERIFICATION.gauges();
  private final GaugeMetricFamily lagTransactions = Metric.DATABASE_LAG_TRANSACTIONS.gauges();
  private final GaugeMetricFamily lagSeconds = Metric.DATABASE_LAG_SECONDS.gauges();

  /**
   * @param databases those that have metrics of their own
   * @param countsOf gives the counts of one
   */
  DatabaseCollector(
      List<DatabaseStatus> databases, Function<String, DatabaseCounts> countsOf, long nowMillis) {
    this.databases = databases;
    this.countsOf = countsOf;
    this.nowMillis = nowMillis;
  }

  void addTo(List<MetricFamilySamples> all) {
    databases.forEach(this::add);
    all.addAll(
        List.of(
            position,
            applied,
            size,
            log,
            commits,
            logWritten,
            refused,
            readOnlyOpens,
            gaps,
            health,
            shipped,
            unshippedAge,
            verified,
            lagTransactions,
            lagSeconds));
  }

  static double sizeBytes(DatabaseStatus of) {
    return (double) of.pageSize() * of.pageCount();
  }

  private void add(DatabaseStatus of) {
    List<String> name = List.of(of.name());
    DatabaseCounts counts = countsOf.apply(of.name());
    position.addMetric(name, txid(of.position()));
    applied.addMetric(name, txid(of.applied()));
    size.addMetric(name, sizeBytes(of));
    log.addMetric(name, (double) of.logBytes());
    commits.addMetric(name, (double) counts.commits.sum());
    logWritten.addMetric(name, (double) counts.ltxBytes.sum());
    refused.addMetric(name, (double) counts.refused.sum());
    readOnlyOpens.addMetric(name, (double) counts.readOnlyOpens.sum());
    gaps.addMetric(name, (double) of.gaps());
    of.health().stream()
        .map(HealthProblem::kind)
        .distinct()
        .forEach(kind -> health.addMetric(List.of(of.name(), kind), 1));
    of.stores().forEach(store -> add(of.name(), store));
    FollowStatus follow = of.follow();
    if (follow != null) {
      lagTransactions.addMetric(name, (double) follow.lagTransactions());
      lagSeconds.addMetric(name, follow.lagMillis() / 1e3);
    }
  }

  private void add(String database, StoreStatus store) {
    List<String> place = List.of(database, store.url());
    shipped.addMetric(place, txid(store.shipped()));
    long oldest = store.oldestUnshippedMillis();
    unshippedAge.addMetric(place, oldest == 0 ? 0 : Math.max(0, nowMillis - oldest) / 1e3);
    VerificationStatus verification = store.verification();
    if (verification != null) {
      verified.addMetric(place, verification.millis() / 1e3);
    }
  }

  private static double txid(@Nullable String position) {
    return position == null ? 0 : Position.parse(position).txid();
  }
}
