package dev.sluice.monitor;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.Gauge;
import io.prometheus.client.GaugeMetricFamily;
import io.prometheus.client.Histogram;
import java.util.List;
import java.util.Locale;

/**
 * Everything that {@code /metrics} has of Sluice; {@code docs/metrics.md} lists the same.
 *
 * <p>What is of one database begins with {@code sluice_database_} and is there for some of them
 * only; see {@link TopDatabases}. Everything else is of all databases together.
 */
enum Metric {
  // The node.
  INFO("sluice_info", Type.INFO, "What runs here; always 1.", "version", "role", "node"),
  READY("sluice_ready", Type.GAUGE, "1 when the node is ready, as /readyz says."),
  PRIMARY("sluice_primary", Type.GAUGE, "1 when applications write to this node."),
  CONNECTED(
      "sluice_connected",
      Type.GAUGE,
      "1 when a follower is connected to what it follows, and on a primary."),
  HEALTH(
      "sluice_health",
      Type.GAUGE,
      "Databases that have this problem; 1 when it is one of the node itself.",
      "kind"),
  DISK_FREE("sluice_disk_free_bytes", Type.GAUGE, "Free on the disk of the data directory."),
  CLOCK_OFFSET(
      "sluice_clock_offset_seconds",
      Type.GAUGE,
      "How far the clock of this node is ahead of its primary's; the shortest way between them is"
          + " part of it."),
  LEASE_EPOCH(
      "sluice_lease_epoch",
      Type.GAUGE,
      "Epoch of the last term that the node has heard of; only in a cluster."),
  LEASE_REMAINING(
      "sluice_lease_remaining_seconds",
      Type.GAUGE,
      "What is left of the lease of this node; 0 on others; only in a cluster."),
  HOOK(
      "sluice_hook_events_total",
      Type.COUNTER,
      "Events for what on-event names: delivered, failed after all tries, or dropped as too many"
          + " waited.",
      "outcome"),

  // All databases together.
  DATABASES("sluice_databases", Type.GAUGE, "Databases that the node knows."),
  SIZE("sluice_databases_bytes", Type.GAUGE, "Size of all databases."),
  LOG("sluice_log_bytes", Type.GAUGE, "Size of all local logs."),
  COMMITS("sluice_commits_total", Type.COUNTER, "Transactions taken into the log."),
  LOG_WRITTEN("sluice_log_written_bytes_total", Type.COUNTER, "Bytes of LTX written to the log."),
  COMMIT_SECONDS(
      "sluice_commit_seconds", Type.HISTOGRAM, "Time to cut a transaction into the log."),
  LOG_SYNC_SECONDS(
      "sluice_log_sync_seconds", Type.HISTOGRAM, "Time to fsync what is new in a log."),
  COMMITS_REFUSED(
      "sluice_commits_refused_total", Type.COUNTER, "Commits refused to an application."),
  READ_ONLY_OPENS(
      "sluice_read_only_opens_total",
      Type.COUNTER,
      "Opens for writing that were given read-only, as the node follows another."),
  CAPTURE_GAPS(
      "sluice_capture_gaps_total",
      Type.COUNTER,
      "Changes that could not be followed one by one, and were found by comparing all pages."),
  DURABILITY_WAIT_SECONDS(
      "sluice_durability_wait_seconds",
      Type.HISTOGRAM,
      "Time a commit waited for followers or stores, of those that were acknowledged."),
  DURABILITY_REFUSED(
      "sluice_durability_refused_total",
      Type.COUNTER,
      "Commits refused as they would not become durable in time."),
  DURABILITY_DEGRADED(
      "sluice_durability_degraded",
      Type.GAUGE,
      "1 while commits go on without waiting, as too few followers or stores are there."),

  // Stores.
  SHIP_SECONDS(
      "sluice_ship_seconds", Type.HISTOGRAM, "Time to bring what is new of a database to a store."),
  UNSHIPPED_DATABASES(
      "sluice_unshipped_databases", Type.GAUGE, "Databases of which a store lacks something."),
  UNSHIPPED_AGE(
      "sluice_oldest_unshipped_age_seconds",
      Type.GAUGE,
      "Age of the oldest transaction that a store has not got; 0 when they have all."),
  STORE_REQUESTS(
      "sluice_store_requests_total",
      Type.COUNTER,
      "Requests to a store, each try counted.",
      "store",
      "operation"),
  STORE_ERRORS("sluice_store_request_errors_total", Type.COUNTER, "Those that failed.", "store"),
  STORE_BYTES(
      "sluice_store_bytes_total",
      Type.COUNTER,
      "Bytes sent to a store (out) and read from it (in).",
      "store",
      "direction"),
  STORE_KEPT(
      "sluice_store_kept_bytes",
      Type.GAUGE,
      "What the files in a store take, as far as that is known.",
      "store"),
  VERIFICATION_OLDEST(
      "sluice_verification_oldest_timestamp_seconds",
      Type.GAUGE,
      "When the backup was verified that has waited longest, in seconds since the epoch; 0 while"
          + " one was never verified; only with verify-interval."),
  RESTORE_SECONDS(
      "sluice_restore_seconds",
      Type.HISTOGRAM,
      "Time to restore a database from a store, to verify its backup or to follow it."),

  // Followers.
  LAG_TRANSACTIONS(
      "sluice_follower_lag_transactions",
      Type.GAUGE,
      "Transactions of the primary not applied here, of all databases; only on a follower."),
  LAG_SECONDS(
      "sluice_follower_lag_seconds",
      Type.GAUGE,
      "Age of the oldest of them, by the clock of the primary; only on a follower."),
  LAGGING_DATABASES(
      "sluice_follower_lagging_databases",
      Type.GAUGE,
      "Databases of which some are not applied here; only on a follower."),
  APPLY_SECONDS(
      "sluice_apply_seconds",
      Type.HISTOGRAM,
      "Time to write a transaction to the file of a follower."),
  REPLICATION_SECONDS(
      "sluice_replication_seconds",
      Type.HISTOGRAM,
      "Time from the commit of a transaction, by the clock of the primary, until readers of this"
          + " node see it."),
  WAITS(
      "sluice_waits_total",
      Type.COUNTER,
      "Waits for a position over HTTP that have ended.",
      "outcome"),
  OPEN_WAITS("sluice_waits_open", Type.GAUGE, "Waits for a position that go on."),
  WAIT_SECONDS(
      "sluice_wait_seconds", Type.HISTOGRAM, "How long those took that reached their position."),

  // The mount and the proxy.
  FUSE_REQUESTS(
      "sluice_fuse_requests_total",
      Type.COUNTER,
      "Requests of the kernel that the mount has answered.",
      "operation"),
  FUSE_SECONDS(
      "sluice_fuse_request_seconds_total",
      Type.COUNTER,
      "Time the mount took to answer them.",
      "operation"),
  FUSE_ALLOCATED(
      "sluice_fuse_allocated_bytes_total",
      Type.COUNTER,
      "Heap that the threads which serve the mount have allocated."),
  PROXY_REQUESTS(
      "sluice_proxy_requests_total",
      Type.COUNTER,
      "Requests to the proxy by what became of them.",
      "kind"),
  PROXY_HELD(
      "sluice_proxy_held_total",
      Type.COUNTER,
      "Reads that had to wait for what was written.",
      "outcome"),
  PROXY_HELD_OPEN("sluice_proxy_held_open", Type.GAUGE, "Reads that wait now."),
  PROXY_HELD_SECONDS("sluice_proxy_held_seconds", Type.HISTOGRAM, "How long reads had to wait."),

  // Single databases.
  DATABASE_POSITION(
      "sluice_database_position_txid",
      Type.GAUGE,
      "Last transaction in the log of this node.",
      "database"),
  DATABASE_APPLIED(
      "sluice_database_applied_txid",
      Type.GAUGE,
      "Last transaction that readers of this node see.",
      "database"),
  DATABASE_SIZE("sluice_database_size_bytes", Type.GAUGE, "Size of the database.", "database"),
  DATABASE_LOG("sluice_database_log_bytes", Type.GAUGE, "Size of its local log.", "database"),
  DATABASE_COMMITS(
      "sluice_database_commits_total",
      Type.COUNTER,
      "Transactions of it taken into the log.",
      "database"),
  DATABASE_LOG_WRITTEN(
      "sluice_database_log_written_bytes_total",
      Type.COUNTER,
      "Bytes of LTX of it written to the log.",
      "database"),
  DATABASE_COMMITS_REFUSED(
      "sluice_database_commits_refused_total",
      Type.COUNTER,
      "Commits to it that were refused.",
      "database"),
  DATABASE_READ_ONLY_OPENS(
      "sluice_database_read_only_opens_total",
      Type.COUNTER,
      "Opens of it for writing that were given read-only.",
      "database"),
  DATABASE_CAPTURE_GAPS(
      "sluice_database_capture_gaps_total",
      Type.COUNTER,
      "Changes of it that could not be followed one by one.",
      "database"),
  DATABASE_HEALTH(
      "sluice_database_health",
      Type.GAUGE,
      "1 for each problem that it has, and not there for others.",
      "database",
      "kind"),
  DATABASE_SHIPPED(
      "sluice_database_shipped_txid",
      Type.GAUGE,
      "Last transaction that the store has.",
      "database",
      "store"),
  DATABASE_UNSHIPPED_AGE(
      "sluice_database_unshipped_age_seconds",
      Type.GAUGE,
      "Age of the oldest transaction that the store has not got; 0 when it has all.",
      "database",
      "store"),
  DATABASE_VERIFICATION(
      "sluice_database_verification_timestamp_seconds",
      Type.GAUGE,
      "When the backup was last verified, whatever came of it, in seconds since the epoch; 0 before"
          + " the first time; only with verify-interval.",
      "database",
      "store"),
  DATABASE_LAG_TRANSACTIONS(
      "sluice_database_lag_transactions",
      Type.GAUGE,
      "Transactions of the primary not applied here; only on a follower.",
      "database"),
  DATABASE_LAG_SECONDS(
      "sluice_database_lag_seconds",
      Type.GAUGE,
      "Age of the oldest of them, by the clock of the primary; only on a follower.",
      "database");

  /** What it is, for Prometheus. */
  enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM,
    INFO;

    final String label = name().toLowerCase(Locale.ROOT);
  }

  /** From what a processor does to what somebody loses patience over. */
  private static final double[] SECONDS = {
    20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.2, 0.5, 1,
    2, 5, 10, 30, 60
  };

  private final String id;
  private final Type type;
  private final String help;

  @SuppressWarnings("ImmutableEnumChecker") // What List.of gives is.
  private final List<String> labels;

  Metric(String id, Type type, String help, String... labels) {
    this.id = id;
    this.type = type;
    this.help = help;
    this.labels = List.of(labels);
  }

  /** As Prometheus knows it; a histogram has {@code _bucket}, {@code _sum} and {@code _count}. */
  String id() {
    return id;
  }

  Type type() {
    return type;
  }

  String help() {
    return help;
  }

  List<String> labels() {
    return labels;
  }

  /** To be filled for one scrape. */
  GaugeMetricFamily gauges() {
    return new GaugeMetricFamily(id, help, labels);
  }

  /** As {@link #gauges()}. */
  CounterMetricFamily counters() {
    return new CounterMetricFamily(id, help, labels);
  }

  /** One without labels, for one scrape. */
  Collector.MetricFamilySamples of(double value) {
    return type == Type.COUNTER
        ? new CounterMetricFamily(id, help, value)
        : new GaugeMetricFamily(id, help, value);
  }

  Counter counter(CollectorRegistry registry) {
    return Counter.build(id, help)
        .labelNames(labels.toArray(String[]::new))
        .withoutExemplars()
        .register(registry);
  }

  Gauge gauge(CollectorRegistry registry) {
    return Gauge.build(id, help).labelNames(labels.toArray(String[]::new)).register(registry);
  }

  /** A histogram of seconds. */
  Histogram histogram(CollectorRegistry registry) {
    return Histogram.build(id, help).buckets(SECONDS).withoutExemplars().register(registry);
  }
}
