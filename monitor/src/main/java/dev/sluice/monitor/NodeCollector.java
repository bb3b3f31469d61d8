package dev.sluice.monitor;

import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.EventKind;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeView;
import dev.sluice.node.StoreUsage;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** Asks a node for what it can be asked, once a scrape. */
final class NodeCollector extends Collector {
  private final NodeView node;
  private final Map<String, DatabaseCounts> counts;
  private final Function<String, DatabaseCounts> countsOf;
  private final TopDatabases top;
  private final long nowMillis = System.currentTimeMillis();

  /**
   * @param counts of all databases
   * @param countsOf gives those of one, made when they are not there
   * @param top which databases have metrics of their own
   */
  NodeCollector(
      NodeView node,
      Map<String, DatabaseCounts> counts,
      Function<String, DatabaseCounts> countsOf,
      TopDatabases top) {
    this.node = node;
    this.counts = counts;
    this.countsOf = countsOf;
    this.top = top;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<DatabaseStatus> databases = node.recentStatus();
    List<MetricFamilySamples> all = new ArrayList<>();
    addNode(databases, all);
    addCluster(all);
    addTotals(databases, all);
    addBackups(databases, all);
    addFollowing(databases, all);
    addStores(all);
    addMount(all);
    new DatabaseCollector(top.of(databases, countsOf), countsOf, nowMillis).addTo(all);
    return all;
  }

  private void addNode(List<DatabaseStatus> databases, List<MetricFamilySamples> all) {
    all.add(
        new MetricFamilySamples(
            "sluice",
            Type.INFO,
            Metric.INFO.help(),
            List.of(
                new MetricFamilySamples.Sample(
                    Metric.INFO.id(),
                    Metric.INFO.labels(),
                    List.of(Version.CURRENT, node.role(), node.nodeId()),
                    1))));
    all.add(Metric.READY.of(node.notReady() == null ? 1 : 0));
    all.add(Metric.PRIMARY.of(node.role().equals("primary") ? 1 : 0));
    all.add(Metric.CONNECTED.of(node.connected() ? 1 : 0));
    all.add(Metric.CLOCK_OFFSET.of(node.clockOffsetMillis() / 1e3));
    long free = node.freeDiskBytes();
    if (free >= 0) {
      all.add(Metric.DISK_FREE.of((double) free));
    }
    Map<String, Integer> affected = new HashMap<>();
    for (DatabaseStatus database : databases) {
      for (HealthProblem problem : database.health()) {
        affected.merge(problem.kind(), 1, Integer::sum);
      }
    }
    for (HealthProblem problem : node.health()) {
      affected.merge(problem.kind(), 1, Integer::sum);
    }
    GaugeMetricFamily health = Metric.HEALTH.gauges();
    for (EventKind kind : EventKind.states()) {
      health.addMetric(List.of(kind.label()), affected.getOrDefault(kind.label(), 0));
    }
    all.add(health);
  }

  private void addCluster(List<MetricFamilySamples> all) {
    ClusterView cluster = node.cluster();
    if (cluster != null) {
      ClusterStatus status = cluster.status();
      all.add(Metric.LEASE_EPOCH.of((double) status.epoch()));
      all.add(Metric.LEASE_REMAINING.of(status.leaseMillis() / 1e3));
    }
  }

  private void addTotals(List<DatabaseStatus> databases, List<MetricFamilySamples> all) {
    all.add(Metric.DATABASES.of(databases.size()));
    all.add(Metric.SIZE.of(sum(databases, DatabaseCollector::sizeBytes)));
    all.add(Metric.LOG.of(sum(databases, of -> (double) of.logBytes())));
    all.add(Metric.CAPTURE_GAPS.of(sum(databases, of -> (double) of.gaps())));
    all.add(Metric.COMMITS.of(total(of -> of.commits)));
    all.add(Metric.LOG_WRITTEN.of(total(of -> of.ltxBytes)));
    all.add(Metric.COMMITS_REFUSED.of(total(of -> of.refused)));
    all.add(Metric.READ_ONLY_OPENS.of(total(of -> of.readOnlyOpens)));
  }

  private static double sum(
      List<DatabaseStatus> databases, ToDoubleFunction<DatabaseStatus> value) {
    return databases.stream().mapToDouble(value).sum();
  }

  private double total(Function<DatabaseCounts, LongAdder> count) {
    return (double) counts.values().stream().mapToLong(of -> count.apply(of).sum()).sum();
  }

  private void addBackups(List<DatabaseStatus> databases, List<MetricFamilySamples> all) {
    long unshipped = 0;
    long oldestMillis = nowMillis;
    long verifiedMillis = Long.MAX_VALUE;
    for (DatabaseStatus database : databases) {
      boolean lacks = false;
      for (StoreStatus store : database.stores()) {
        long oldest = store.oldestUnshippedMillis();
        lacks |= oldest != 0 || store.shipped() == null;
        oldestMillis = Math.min(oldestMillis, oldest == 0 ? nowMillis : oldest);
        VerificationStatus verification = store.verification();
        if (verification != null) {
          verifiedMillis = Math.min(verifiedMillis, verification.millis());
        }
      }
      unshipped += lacks ? 1 : 0;
    }
    all.add(Metric.UNSHIPPED_DATABASES.of((double) unshipped));
    all.add(Metric.UNSHIPPED_AGE.of((nowMillis - oldestMillis) / 1e3));
    if (verifiedMillis != Long.MAX_VALUE) {
      all.add(Metric.VERIFICATION_OLDEST.of(verifiedMillis / 1e3));
    }
  }

  private static void addFollowing(List<DatabaseStatus> databases, List<MetricFamilySamples> all) {
    List<FollowStatus> following =
        databases.stream().flatMap(of -> Stream.ofNullable(of.follow())).toList();
    if (!following.isEmpty()) {
      all.add(
          Metric.LAG_TRANSACTIONS.of(
              (double) following.stream().mapToLong(FollowStatus::lagTransactions).sum()));
      all.add(
          Metric.LAG_SECONDS.of(
              following.stream().mapToLong(FollowStatus::lagMillis).max().orElse(0) / 1e3));
      all.add(
          Metric.LAGGING_DATABASES.of(
              (double) following.stream().filter(of -> of.lagTransactions() > 0).count()));
    }
  }

  private void addStores(List<MetricFamilySamples> all) {
    CounterMetricFamily requests = Metric.STORE_REQUESTS.counters();
    CounterMetricFamily errors = Metric.STORE_ERRORS.counters();
    CounterMetricFamily bytes = Metric.STORE_BYTES.counters();
    GaugeMetricFamily kept = Metric.STORE_KEPT.gauges();
    for (StoreUsage usage : node.storeUsage()) {
      String store = usage.store();
      StoreUsage.Requests of = usage.requests();
      requests.addMetric(List.of(store, "put"), (double) of.puts());
      requests.addMetric(List.of(store, "get"), (double) of.gets());
      requests.addMetric(List.of(store, "head"), (double) of.heads());
      requests.addMetric(List.of(store, "list"), (double) of.lists());
      requests.addMetric(List.of(store, "delete"), (double) of.deletes());
      errors.addMetric(List.of(store), (double) usage.errors());
      kept.addMetric(List.of(store), (double) usage.keptBytes());
      bytes.addMetric(List.of(store, "out"), (double) of.bytesOut());
      bytes.addMetric(List.of(store, "in"), (double) of.bytesIn());
    }
    all.addAll(List.of(requests, errors, bytes, kept));
  }

  private void addMount(List<MetricFamilySamples> all) {
    CounterMetricFamily requests = Metric.FUSE_REQUESTS.counters();
    CounterMetricFamily seconds = Metric.FUSE_SECONDS.counters();
    for (NodeView.FuseRequests of : node.fuseRequests()) {
      List<String> operation = List.of(of.operation());
      requests.addMetric(operation, (double) of.count());
      seconds.addMetric(operation, of.nanos() / 1e9);
    }
    all.add(requests);
    all.add(seconds);
    all.add(Metric.FUSE_ALLOCATED.of((double) node.fuseAllocatedBytes()));
  }
}
