package dev.sluice.monitor.health;

import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.node.EventKind;
import dev.sluice.node.NodeView;
import dev.sluice.node.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What is wrong with a node, by what it says of itself at one moment. */
final class Checks {
  /** Below this part of what is to be free, commits are about to fail. */
  private static final int ALMOST_FULL = 4;

  /**
   * What is wrong is over once it is better by this part of its limit: what stays near the limit
   * would begin and end all the time.
   */
  private static final int CLEARLY = 10;

  private final NodeView node;
  private final HealthLimits limits;
  private final long startMillis;
  private final long nowMillis;
  private final Function<Finding.Key, @Nullable Severity> before;
  private final List<Finding> findings = new ArrayList<>();

  private Checks(
      NodeView node,
      HealthLimits limits,
      long startMillis,
      long nowMillis,
      Function<Finding.Key, @Nullable Severity> before) {
    this.node = node;
    this.limits = limits;
    this.startMillis = startMillis;
    this.nowMillis = nowMillis;
    this.before = before;
  }

  /**
   * Looks at all of it.
   *
   * @param databases of the node
   * @param startMillis when the node was started
   * @param before how severe what is asked for was until now; null when it was not wrong
   */
  static List<Finding> run(
      NodeView node,
      List<DatabaseStatus> databases,
      HealthLimits limits,
      long startMillis,
      long nowMillis,
      Function<Finding.Key, @Nullable Severity> before) {
    Checks checks = new Checks(node, limits, startMillis, nowMillis, before);
    checks.disk();
    checks.connection();
    checks.cluster();
    databases.forEach(checks::database);
    return checks.findings;
  }

  private void found(EventKind kind, @Nullable String database, String message) {
    findings.add(new Finding(kind, database, message));
  }

  private void disk() {
    long free = node.freeDiskBytes();
    if (free < 0) {
      return;
    }
    Severity was = before.apply(new Finding.Key(EventKind.DISK_LOW, null));
    long minFree = limits.minFreeBytes();
    boolean almostFull = isBelow(free, minFree / ALMOST_FULL, was == Severity.ERROR);
    if (almostFull || isBelow(free, minFree, was != null)) {
      findings.add(
          new Finding(
              EventKind.DISK_LOW,
              null,
              almostFull ? Severity.ERROR : Severity.WARNING,
              String.format(
                  Locale.ROOT,
                  "%,d MB are free on the disk of the data directory, %s 'min-free' (%,d MB); when"
                      + " it is full, commits fail: make room, or move the data to a larger disk",
                  free >> 20,
                  free < minFree ? "less than" : "not clearly more than",
                  minFree >> 20)));
    }
  }

  private static boolean isBelow(long value, long limit, boolean was) {
    return value < (was ? limit + limit / CLEARLY : limit);
  }

  private void connection() {
    if (node.role().equals("follower") && !node.connected()) {
      found(
          EventKind.NOT_CONNECTED,
          null,
          "not connected to what this node follows, so that readers here see nothing new; it is"
              + " tried again: see whether that node or store runs and can be reached");
    }
  }

  private void cluster() {
    ClusterView cluster = node.cluster();
    if (cluster == null) {
      return;
    }
    ClusterStatus status = cluster.status();
    String problem = status.problem();
    if (node.role().equals("standby")) {
      found(
          EventKind.NO_PRIMARY,
          null,
          "the cluster has no primary that this node could follow, and it does not become one: "
              + Objects.requireNonNullElse(problem, String.valueOf(node.notReady()))
              + "; see 'sluice cluster'");
    } else if (node.role().equals("primary") && problem != null) {
      found(
          EventKind.LEASE_NOT_RENEWED,
          null,
          problem
              + "; this node takes no writes any more once its lease has run out: see that "
              + status.lease()
              + " can be reached");
    }
    DurabilityStatus durability = status.durability();
    if (durability != null && durability.degraded() != null) {
      found(
          EventKind.DURABILITY_DEGRADED,
          null,
          durability.degraded() + "; see 'sluice cluster', and bring back the followers or stores");
    }
  }

  private void database(DatabaseStatus database) {
    database.stores().forEach(store -> store(database, store));
    following(database);
    String error = database.error();
    boolean ofStore =
        database.stores().stream()
            .anyMatch(
                store ->
                    Objects.equals(error, store.error())
                        || (store.verification() != null
                            && Objects.equals(error, store.verification().error())));
    if (error == null || ofStore) {
      return;
    }
    if (database.follow() == null) {
      found(EventKind.CAPTURE_ERROR, database.name(), error);
    } else if (node.connected()) {
      // While a store that is followed is away, that is the error of the database, too.
      found(EventKind.APPLY_ERROR, database.name(), error);
    }
  }

  private void store(DatabaseStatus database, StoreStatus store) {
    String name = database.name();
    String error = why(store);
    if (store.stopped()) {
      found(
          EventKind.BACKUP_STOPPED,
          name,
          "nothing is shipped to %s any more: %s; put that right and restart the node"
              .formatted(store.url(), error));
    } else if (error != null) {
      found(
          EventKind.STORE_ERROR,
          name,
          "%s does not take what is shipped: %s; it is tried again".formatted(store.url(), error));
    }
    long ageMillis = unshippedMillis(store);
    if (ageMillis > limits.backupObjective().toMillis()) {
      found(
          EventKind.BACKUP_LATE,
          name,
          "%s has not got for %,d s what was committed, more than 'backup-objective' (%,d s)%s"
              .formatted(
                  store.url(),
                  ageMillis / 1_000,
                  limits.backupObjective().toSeconds(),
                  error == null
                      ? "; see whether the way to it, or 'bandwidth', is enough for what is written"
                      : ": " + error + "; it would be lost with this machine"));
    }
    VerificationStatus verification = store.verification();
    if (verification == null) {
      return;
    }
    if (verification.isBad()) {
      found(EventKind.VERIFICATION_FAILED, name, String.valueOf(verification.error()));
    } else if (verification.result().equals(VerificationStatus.INCOMPLETE)) {
      found(EventKind.BACKUP_GAP, name, String.valueOf(verification.error()));
    }
  }

  /** Its error, which mostly begins with its URL: that is said already. */
  private static @Nullable String why(StoreStatus store) {
    String error = store.error();
    String begin = store.url() + ": ";
    return error != null && error.startsWith(begin) ? error.substring(begin.length()) : error;
  }

  /** How old the oldest is that the store has not got. */
  private long unshippedMillis(StoreStatus store) {
    if (store.oldestUnshippedMillis() != 0) {
      return nowMillis - store.oldestUnshippedMillis();
    }
    // It was not reached since the start, so that nobody knows what it has.
    return store.shipped() == null && store.error() != null ? nowMillis - startMillis : 0;
  }

  private void following(DatabaseStatus database) {
    FollowStatus follow = database.follow();
    if (follow == null) {
      return;
    }
    String name = database.name();
    boolean lagged = before.apply(new Finding.Key(EventKind.FOLLOWER_LAG, name)) != null;
    long objectiveMillis = limits.lagObjective().toMillis();
    if (follow.lagMillis() > objectiveMillis - (lagged ? objectiveMillis / CLEARLY : 0)) {
      found(
          EventKind.FOLLOWER_LAG,
          name,
          ("readers see what is %,d s old, %s 'lag-objective' (%,d s), %,d transactions"
                  + " behind; see whether a reader holds the database, or disk and network are"
                  + " slower than the writes")
              .formatted(
                  follow.lagMillis() / 1_000,
                  follow.lagMillis() > objectiveMillis ? "more than" : "not clearly less than",
                  limits.lagObjective().toSeconds(),
                  follow.lagTransactions()));
    }
  }
}
