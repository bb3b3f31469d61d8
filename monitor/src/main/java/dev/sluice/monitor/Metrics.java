package dev.sluice.monitor;

import dev.sluice.durability.DurabilityListener;
import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.LogEntry;
import dev.sluice.node.NodeView;
import io.prometheus.client.Collector.MetricFamilySamples;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.exporter.common.TextFormat;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts what happens on a node, for Prometheus. Give it to {@link dev.sluice.log.Databases#listen}
 * before the first commit, and to {@link NodeServer}.
 *
 * <p>A commit costs a look-up and a few adders here: no lock, nothing allocated. All that a node
 * can be asked for is asked when metrics are scraped. Safe for use by many threads.
 */
public final class Metrics implements DatabaseListener {
  /** How a wait over HTTP ended. */
  enum Wait {
    REACHED,
    TIMED_OUT,
    DIVERGED,
    UNKNOWN_DATABASE;

    final String label = name().toLowerCase(Locale.ROOT);
  }

  /** How many databases have metrics of their own when nobody says. */
  public static final int DEFAULT_DATABASES = 100;

  private final ConcurrentHashMap<String, DatabaseCounts> counts = new ConcurrentHashMap<>();
  private final TopDatabases top;
  private final CollectorRegistry registry = new CollectorRegistry();
  private final Histogram commitSeconds = Metric.COMMIT_SECONDS.histogram(registry);
  private final Histogram logSyncSeconds = Metric.LOG_SYNC_SECONDS.histogram(registry);
  private final Histogram shipSeconds = Metric.SHIP_SECONDS.histogram(registry);
  private final Histogram restoreSeconds = Metric.RESTORE_SECONDS.histogram(registry);
  private final Histogram applySeconds = Metric.APPLY_SECONDS.histogram(registry);
  private final Histogram replicationSeconds = Metric.REPLICATION_SECONDS.histogram(registry);
  private final Counter waits = Metric.WAITS.counter(registry);
  private final Gauge openWaits = Metric.OPEN_WAITS.gauge(registry);
  private final Histogram waitSeconds = Metric.WAIT_SECONDS.histogram(registry);
  private final DurabilityCounts durability = new DurabilityCounts(registry);
  private final ProxyCounts proxy = new ProxyCounts(registry);
  private final HookCounts hook = new HookCounts(registry);

  public Metrics() {
    this(DEFAULT_DATABASES);
  }

  /**
   * @param databases how many have metrics of their own
   */
  public Metrics(int databases) {
    top = new TopDatabases(databases);
    for (Wait outcome : Wait.values()) {
      waits.labels(outcome.label);
    }
    DefaultExports.register(registry);
  }

  @Override
  public void added(Database database) {
    counts(database.name());
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    DatabaseCounts of = counts(database.name());
    of.commits.increment();
    of.ltxBytes.add(entry.length());
    if (nanos != 0) {
      commitSeconds.observe(nanos / 1e9);
    }
  }

  @Override
  public void applied(Database database, LogEntry entry, long nanos, long ageMillis) {
    applySeconds.observe(nanos / 1e9);
    replicationSeconds.observe(ageMillis / 1e3);
  }

  @Override
  public void synced(Database database, long nanos) {
    logSyncSeconds.observe(nanos / 1e9);
  }

  @Override
  public void shipped(Database database, long nanos) {
    shipSeconds.observe(nanos / 1e9);
  }

  @Override
  public void restored(String database, long nanos) {
    restoreSeconds.observe(nanos / 1e9);
  }

  @Override
  public void refused(String database, Exception why) {
    counts(database).refused.increment();
  }

  @Override
  public void openedReadOnly(String database) {
    counts(database).readOnlyOpens.increment();
  }

  /** Counts what commits wait for in a cluster. */
  public DurabilityListener durability() {
    return durability;
  }

  /** Counts what the proxy before an application does. */
  public ProxyCounts proxy() {
    return proxy;
  }

  /** Counts what becomes of events that are told outside. */
  public HookCounts hook() {
    return hook;
  }

  private DatabaseCounts counts(String database) {
    DatabaseCounts known = counts.get(database);
    return known != null ? known : counts.computeIfAbsent(database, d -> new DatabaseCounts());
  }

  void waitStarted() {
    openWaits.inc();
  }

  void waitStopped() {
    openWaits.dec();
  }

  void waited(Wait outcome) {
    waits.labels(outcome.label).inc();
  }

  /** A wait was answered with {@link Wait#REACHED}. */
  void reached(long nanos) {
    waited(Wait.REACHED);
    waitSeconds.observe(nanos / 1e9);
  }

  /** When a counter was made is when the process was started: as many series again for nothing. */
  private static MetricFamilySamples withoutCreation(MetricFamilySamples family) {
    return new MetricFamilySamples(
        family.name,
        family.unit,
        family.type,
        family.help,
        family.samples.stream().filter(sample -> !sample.name.endsWith("_created")).toList());
  }

  /** Writes all metrics in a format of {@link TextFormat#chooseContentType}. */
  void write(NodeView node, String contentType, Writer to) throws IOException {
    List<MetricFamilySamples> families =
        new ArrayList<>(new NodeCollector(node, counts, this::counts, top).collect());
    for (MetricFamilySamples family : Collections.list(registry.metricFamilySamples())) {
      families.add(withoutCreation(family));
    }
    TextFormat.writeFormat(contentType, to, Collections.enumeration(families));
  }
}
