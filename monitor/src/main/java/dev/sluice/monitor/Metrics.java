package dev.sluice.monitor;

import dev.sluice.durability.DurabilityListener;
import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.LogEntry;
import dev.sluice.node.NodeView;
import io.prometheus.client.Collector;
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
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what happens on a node, for Prometheus. Give it to {@link dev.sluice.log.Databases#listen}
 * before the first commit, and to {@link NodeServer}.
 *
 * <p>A commit costs a look-up and a few adders here: no lock, nothing allocated. All that a node
 * can be asked for is asked when metrics are scraped. Safe for use by many threads.
 */
public final class Metrics implements DatabaseListener {
  /** What one database did since this process started. */
  static final class Counts {
    final LongAdder commits = new LongAdder();
    final LongAdder ltxBytes = new LongAdder();
  }

  /** How a wait over HTTP ended. */
  enum Wait {
    REACHED,
    TIMED_OUT,
    DIVERGED,
    UNKNOWN_DATABASE;

    final String label = name().toLowerCase(Locale.ROOT);
  }

  private final ConcurrentHashMap<Database, Counts> counts = new ConcurrentHashMap<>();
  private final CollectorRegistry registry = new CollectorRegistry();
  private final Histogram commitSeconds =
      Histogram.build("sluice_commit_seconds", "Time to cut a transaction into the log.")
          .buckets(
              20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.5,
              1, 5)
          .withoutExemplars()
          .register(registry);
  private final Counter refused =
      Counter.build("sluice_commits_refused_total", "Commits refused to an application.")
          .labelNames("database")
          .withoutExemplars()
          .register(registry);
  private final Counter readOnly =
      Counter.build(
              "sluice_read_only_opens_total",
              "Opens for writing that were given read-only, as the node follows another.")
          .labelNames("database")
          .withoutExemplars()
          .register(registry);
  private final Counter waits =
      Counter.build("sluice_waits_total", "Waits for a position that have ended.")
          .labelNames("outcome")
          .withoutExemplars()
          .register(registry);
  private final Gauge openWaits =
      Gauge.build("sluice_waits_open", "Waits for a position that go on.").register(registry);

  private final DurabilityCounts durability = new DurabilityCounts(registry);
  private final ProxyCounts proxy = new ProxyCounts(registry);

  public Metrics() {
    for (Wait outcome : Wait.values()) {
      waits.labels(outcome.label);
    }
    DefaultExports.register(registry);
  }

  @Override
  public void added(Database database) {
    counts(database);
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    Counts of = counts(database);
    of.commits.increment();
    of.ltxBytes.add(entry.length());
    if (nanos != 0) {
      commitSeconds.observe(nanos / 1e9);
    }
  }

  @Override
  public void refused(String database, Exception why) {
    refused.labels(database).inc();
  }

  @Override
  public void openedReadOnly(String database) {
    readOnly.labels(database).inc();
  }

  /** Counts what commits wait for in a cluster. */
  public DurabilityListener durability() {
    return durability;
  }

  /** Counts what the proxy before an application does. */
  public ProxyCounts proxy() {
    return proxy;
  }

  private Counts counts(Database database) {
    Counts known = counts.get(database);
    return known != null ? known : counts.computeIfAbsent(database, d -> new Counts());
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

  /** Writes all metrics in a format of {@link TextFormat#chooseContentType}. */
  void write(NodeView node, String contentType, Writer to) throws IOException {
    List<Collector.MetricFamilySamples> families =
        new ArrayList<>(new NodeCollector(node, counts).collect());
    families.addAll(Collections.list(registry.metricFamilySamples()));
    TextFormat.writeFormat(contentType, to, Collections.enumeration(families));
  }
}
