package dev.sluice.monitor;

import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.NodeView;
import dev.sluice.node.StoreUsage;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks a node for what it can be asked, once a scrape. */
final class NodeCollector extends Collector {
  private static final List<String> DATABASE = List.of("database");
  private static final List<String> PLACE = List.of("database", "store");
  private static final List<String> OPERATION = List.of("operation");

  private final NodeView node;
  private final Map<Database, Metrics.Counts> counts;

  NodeCollector(NodeView node, Map<Database, Metrics.Counts> counts) {
    this.node = node;
    this.counts = counts;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    GaugeMetricFamily position =
        perDatabase("sluice_position_txid", "Last transaction in the log of this node.");
    GaugeMetricFamily applied =
        perDatabase("sluice_applied_txid", "Last transaction that readers of this node see.");
    GaugeMetricFamily databaseBytes = perDatabase("sluice_database_bytes", "Size of the database.");
    GaugeMetricFamily logBytes = perDatabase("sluice_log_bytes", "Size of the local log.");
    GaugeMetricFamily error =
        perDatabase(
            "sluice_database_error", "1 when something is wrong with the database; see status.");
    GaugeMetricFamily shipped =
        perStore("sluice_shipped_txid", "Last transaction that the store has.");
    GaugeMetricFamily unshippedAge =
        perStore(
            "sluice_oldest_unshipped_age_seconds",
            "Age of the oldest transaction that the store has not got; 0 when it has all.");
    GaugeMetricFamily storeError =
        perStore(
            "sluice_store_error", "1 when the store does not take what is shipped; see status.");
    GaugeMetricFamily lagTransactions =
        perDatabase(
            "sluice_follower_lag_transactions", "Transactions of the primary not applied here.");
    GaugeMetricFamily lagSeconds =
        perDatabase("sluice_follower_lag_seconds", "Age of the oldest of them.");
    CounterMetricFamily gaps =
        new CounterMetricFamily(
            "sluice_capture_gaps_total",
            "Changes of a database that could not be followed one by one, and were found by"
                + " comparing all pages.",
            DATABASE);
    GaugeMetricFamily verified =
        perStore(
            "sluice_verification_timestamp_seconds",
            "When the backup was last verified, whatever came of it, in seconds since the epoch;"
                + " 0 before the first time.");
    GaugeMetricFamily verifiedBad =
        perStore(
            "sluice_verification_failed",
            "1 when the backup was found damaged or missing then; see status.");
    GaugeMetricFamily verificationPostponed =
        perStore(
            "sluice_verification_postponed",
            "1 when the last try to verify the backup gave no result; see status.");
    long now = System.currentTimeMillis();
    for (DatabaseStatus status : node.status()) {
      List<String> name = List.of(status.name());
      position.addMetric(name, txid(status.position()));
      applied.addMetric(name, txid(status.applied()));
      databaseBytes.addMetric(name, (double) status.pageSize() * status.pageCount());
      logBytes.addMetric(name, (double) status.logBytes());
      gaps.addMetric(name, (double) status.gaps());
      error.addMetric(name, status.error() == null ? 0 : 1);
      for (StoreStatus store : status.stores()) {
        List<String> place = List.of(status.name(), store.url());
        shipped.addMetric(place, txid(store.shipped()));
        long oldest = store.oldestUnshippedMillis();
        unshippedAge.addMetric(place, oldest == 0 ? 0 : Math.max(0, now - oldest) / 1e3);
        storeError.addMetric(place, store.error() == null ? 0 : 1);
        VerificationStatus verification = store.verification();
        if (verification != null) {
          verified.addMetric(place, verification.millis() / 1e3);
          verifiedBad.addMetric(place, verification.isBad() ? 1 : 0);
          verificationPostponed.addMetric(place, verification.postponed() == null ? 0 : 1);
        }
      }
      FollowStatus follow = status.follow();
      if (follow != null) {
        lagTransactions.addMetric(name, (double) follow.lagTransactions());
        lagSeconds.addMetric(name, follow.lagMillis() / 1e3);
      }
    }
    CounterMetricFamily commits =
        new CounterMetricFamily(
            "sluice_commits_total", "Transactions taken into the log.", DATABASE);
    CounterMetricFamily ltxBytes =
        new CounterMetricFamily(
            "sluice_ltx_bytes_total", "Bytes of LTX written to the log.", DATABASE);
    counts.forEach(
        (database, of) -> {
          List<String> name = List.of(database.name());
          commits.addMetric(name, (double) of.commits.sum());
          ltxBytes.addMetric(name, (double) of.ltxBytes.sum());
        });
    CounterMetricFamily requests =
        new CounterMetricFamily(
            "sluice_fuse_requests_total",
            "Requests of the kernel that the mount has answered.",
            OPERATION);
    CounterMetricFamily requestSeconds =
        new CounterMetricFamily(
            "sluice_fuse_request_seconds_total", "Time the mount took to answer them.", OPERATION);
    for (NodeView.FuseRequests of : node.fuseRequests()) {
      List<String> operation = List.of(of.operation());
      requests.addMetric(operation, (double) of.count());
      requestSeconds.addMetric(operation, of.nanos() / 1e9);
    }
    CounterMetricFamily storeRequests =
        new CounterMetricFamily(
            "sluice_store_requests_total",
            "Requests to a store, each try counted.",
            List.of("store", "operation"));
    CounterMetricFamily storeErrors =
        new CounterMetricFamily(
            "sluice_store_request_errors_total", "Those that failed.", List.of("store"));
    CounterMetricFamily storeBytes =
        new CounterMetricFamily(
            "sluice_store_bytes_total",
            "Bytes sent to a store (out) and read from it (in).",
            List.of("store", "direction"));
    GaugeMetricFamily storeKept =
        new GaugeMetricFamily(
            "sluice_store_kept_bytes",
            "What the files in a store take, as far as that is known.",
            List.of("store"));
    for (StoreUsage usage : node.storeUsage()) {
      String store = usage.store();
      StoreUsage.Requests of = usage.requests();
      storeRequests.addMetric(List.of(store, "put"), (double) of.puts());
      storeRequests.addMetric(List.of(store, "get"), (double) of.gets());
      storeRequests.addMetric(List.of(store, "head"), (double) of.heads());
      storeRequests.addMetric(List.of(store, "list"), (double) of.lists());
      storeRequests.addMetric(List.of(store, "delete"), (double) of.deletes());
      storeErrors.addMetric(List.of(store), (double) usage.errors());
      storeKept.addMetric(List.of(store), (double) usage.keptBytes());
      storeBytes.addMetric(List.of(store, "out"), (double) of.bytesOut());
      storeBytes.addMetric(List.of(store, "in"), (double) of.bytesIn());
    }
    return List.of(
        storeRequests,
        storeErrors,
        storeBytes,
        storeKept,
        position,
        applied,
        commits,
        ltxBytes,
        databaseBytes,
        logBytes,
        error,
        shipped,
        unshippedAge,
        storeError,
        gaps,
        verified,
        verifiedBad,
        verificationPostponed,
        lagTransactions,
        lagSeconds,
        requests,
        requestSeconds,
        new CounterMetricFamily(
            "sluice_fuse_allocated_bytes_total",
            "Heap that the threads which serve the mount have allocated.",
            (double) node.fuseAllocatedBytes()),
        new GaugeMetricFamily(
            "sluice_ready", "1 when the node is ready.", node.notReady() == null ? 1 : 0),
        new GaugeMetricFamily(
            "sluice_connected",
            "1 when a follower is connected to its primary, and on a primary.",
            node.connected() ? 1 : 0),
        info());
  }

  private MetricFamilySamples info() {
    return new MetricFamilySamples(
        "sluice",
        Type.INFO,
        "What runs here.",
        List.of(
            new MetricFamilySamples.Sample(
                "sluice_info",
                List.of("version", "role", "node"),
                List.of(Version.CURRENT, node.role(), node.nodeId()),
                1)));
  }

  private static GaugeMetricFamily perDatabase(String name, String help) {
    return new GaugeMetricFamily(name, help, DATABASE);
  }

  private static GaugeMetricFamily perStore(String name, String help) {
    return new GaugeMetricFamily(name, help, PLACE);
  }

  private static double txid(@Nullable String position) {
    return position == null ? 0 : Position.parse(position).txid();
  }
}
