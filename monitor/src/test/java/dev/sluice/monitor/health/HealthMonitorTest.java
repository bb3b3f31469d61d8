package dev.sluice.monitor.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.monitor.health.WatchedNode.Member;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.Event;
import dev.sluice.node.Event.Change;
import dev.sluice.node.EventKind;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.Severity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found, and how it is told. */
final class HealthMonitorTest {
  private static final String NAME = "shop/app.db";
  private static final HealthLimits LIMITS =
      new HealthLimits(Duration.ofMinutes(1), Duration.ofSeconds(10), 1L << 30);

  /** Stands still unless it is put forward. */
  private static final class TestClock extends Clock {
    private long millis = 1_000_000_000_000L;

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(millis);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final TestClock clock = new TestClock();
  private final WatchedNode node;
  private final HealthMonitor monitor;
  private long seen;

  HealthMonitorTest(@TempDir Path directory) throws IOException {
    node = new WatchedNode(directory, clock);
    node.open(NAME);
    monitor = new HealthMonitor(node, LIMITS, clock);
    node.databases().listen(monitor.listener());
    look(1);
    events();
  }

  @AfterEach
  void close() {
    monitor.close();
    node.close();
  }

  /** Looks every second. */
  private void look(int seconds) {
    for (int i = 0; i < seconds; i++) {
      clock.millis += HealthMonitor.LOOK_MILLIS;
      monitor.look();
    }
  }

  /** What was told since this was asked last. */
  private List<Event> events() {
    List<Event> told = node.events().after(seen, 1_000);
    seen = told.isEmpty() ? seen : told.get(told.size() - 1).id();
    return told;
  }

  private StoreStatus store(long unshippedSeconds, String error) {
    return new StoreStatus(
        "s3://b/app",
        "0000000000000001/8000000000000000",
        unshippedSeconds == 0 ? 0 : clock.millis - unshippedSeconds * 1_000,
        error.isEmpty() ? null : error);
  }

  /** What is wrong now, after it was raised and cleared again. */
  private Event raisedAndCleared(Runnable end) {
    look(6);
    List<Event> told = events();
    assertThat(told).hasSize(1);
    Event raised = told.get(0);
    assertThat(raised.change()).isEqualTo(Change.RAISED);
    List<HealthProblem> shown =
        raised.database() == null ? monitor.ofNode() : monitor.of(raised.database());
    assertThat(shown).hasSize(1);
    assertThat(shown.get(0).kind()).isEqualTo(raised.kind().label());
    assertThat(shown.get(0).severity()).isEqualTo(raised.severity());
    assertThat(shown.get(0).message()).contains("; ");
    end.run();
    look(10);
    told = events();
    assertThat(told).hasSize(1);
    assertThat(told.get(0).kind()).isEqualTo(raised.kind());
    assertThat(told.get(0).change()).isEqualTo(Change.CLEARED);
    assertThat(told.get(0).severity()).isEqualTo(Severity.INFO);
    assertThat(monitor.ofNode()).isEmpty();
    assertThat(monitor.of(NAME)).isEmpty();
    return raised;
  }

  @Test
  void whatItSawIsKeptForAWhile() {
    node.store = store(70, "");
    look(1);
    assertThat(monitor.of(NAME)).isNotEmpty();
    assertThat(monitor.databases())
        .singleElement()
        .satisfies(seen -> assertThat(seen.stores()).containsExactly(node.store))
        .satisfies(seen -> assertThat(seen.health()).isEqualTo(monitor.of(NAME)));
    clock.millis += HealthMonitor.STALE_MILLIS;
    assertThat(monitor.databases()).isNotNull();
    clock.millis++;
    assertThat(monitor.databases()).isNull();
  }

  @Test
  void aBackupIsLate() {
    node.store = store(70, "");
    Event raised = raisedAndCleared(() -> node.store = store(0, ""));
    assertThat(raised.kind()).isEqualTo(EventKind.BACKUP_LATE);
    assertThat(raised.severity()).isEqualTo(Severity.ERROR);
    assertThat(raised.database()).isEqualTo(NAME);
    assertThat(raised.message()).startsWith("s3://b/app has not got for 71 s ");
  }

  @Test
  void aStoreWasNotReachedSinceTheStart() {
    node.store = new StoreStatus("s3://b/app", null, 0, "away");
    look(1);
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.STORE_ERROR);
    look(61);
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.BACKUP_LATE);
  }

  @Test
  void aStoreDoesNotTakeIt() {
    node.store = store(5, "connection refused; see whether it runs");
    node.error = node.store.error();
    Event raised =
        raisedAndCleared(
            () -> {
              node.store = store(0, "");
              node.error = null;
            });
    assertThat(raised.kind()).isEqualTo(EventKind.STORE_ERROR);
    assertThat(raised.message())
        .isEqualTo(
            "s3://b/app does not take what is shipped: connection refused; see whether it runs; it"
                + " is tried again");
  }

  @Test
  void aBackupHasStopped() {
    node.store = new StoreStatus("s3://b/app", null, 0, 0, 0, "holds another history", null, true);
    Event raised = raisedAndCleared(() -> node.store = store(0, ""));
    assertThat(raised.kind()).isEqualTo(EventKind.BACKUP_STOPPED);
  }

  @Test
  void aVerificationHasFailedOrFoundAGap() {
    node.store =
        store(0, "")
            .withVerification(
                new VerificationStatus("failed", 1, "can't be restored; put a snapshot", null));
    node.error = "can't be restored; put a snapshot";
    assertThat(
            raisedAndCleared(
                    () -> {
                      node.store = store(0, "");
                      node.error = null;
                    })
                .kind())
        .isEqualTo(EventKind.VERIFICATION_FAILED);
    node.store =
        store(0, "")
            .withVerification(
                new VerificationStatus("incomplete", 1, "lacks something; see backups", null));
    assertThat(raisedAndCleared(() -> node.store = null).kind()).isEqualTo(EventKind.BACKUP_GAP);
  }

  @Test
  void whatOnlyHappensIsShownForAWhile() {
    node.databases().events().gap(NAME, "the WAL was overwritten");
    look(1);
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.CAPTURE_GAP);
    look(300);
    assertThat(monitor.of(NAME)).hasSize(1);
    look(310);
    assertThat(monitor.of(NAME)).isEmpty();
    assertThat(events()).extracting(Event::change).containsExactly(Change.CLEARED);
    node.databases().events().refused(NAME, new IOException("disk full"));
    node.databases()
        .events()
        .diverged(Objects.requireNonNull(node.databases().get(NAME)), "was at 1/1");
    look(1);
    assertThat(events())
        .extracting(Event::kind)
        .containsExactlyInAnyOrder(EventKind.COMMIT_REFUSED, EventKind.DIVERGED);
  }

  @Test
  void capturingFails() {
    node.error = "not captured, tried again every second; make room";
    Event raised = raisedAndCleared(() -> node.error = null);
    assertThat(raised.kind()).isEqualTo(EventKind.CAPTURE_ERROR);
  }

  @Test
  void aFollowerLagsOrCannotApply() {
    node.role = "follower";
    look(1);
    events();
    node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 10_500);
    Event raised =
        raisedAndCleared(
            () -> node.follow = new FollowStatus("0000000000000009/8000000000000000", 1, 9_000));
    assertThat(raised.kind()).isEqualTo(EventKind.FOLLOWER_LAG);
    assertThat(raised.message()).contains("10 s old", "8 transactions behind");
    node.error = "no room; make some";
    assertThat(raisedAndCleared(() -> node.error = null).kind()).isEqualTo(EventKind.APPLY_ERROR);
  }

  @Test
  void aFollowerIsNotConnected() {
    node.role = "follower";
    look(1);
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.ROLE_CHANGED);
    node.connected = false;
    look(4);
    node.connected = true;
    look(1);
    assertThat(events()).as("it came back within its patience").isEmpty();
    node.connected = false;
    assertThat(raisedAndCleared(() -> node.connected = true).kind())
        .isEqualTo(EventKind.NOT_CONNECTED);
  }

  @Test
  void aClusterHasNoPrimary() {
    node.role = "standby";
    node.member = new Member("nobody may", null);
    look(1);
    events();
    Event raised = raisedAndCleared(() -> node.member = null);
    assertThat(raised.kind()).isEqualTo(EventKind.NO_PRIMARY);
    assertThat(raised.message()).contains("nobody may");
  }

  @Test
  void aLeaseCannotBeRenewed() {
    node.member = new Member("the lease can't be renewed: away", null);
    assertThat(raisedAndCleared(() -> node.member = new Member(null, null)).kind())
        .isEqualTo(EventKind.LEASE_NOT_RENEWED);
  }

  @Test
  void durabilityIsDegraded() {
    node.member = new Member(null, "degraded: commits go on");
    assertThat(raisedAndCleared(() -> node.member = new Member(null, null)).kind())
        .isEqualTo(EventKind.DURABILITY_DEGRADED);
  }

  @Test
  void aDiskFills() {
    node.freeDiskBytes = 1L << 29;
    look(1);
    assertThat(events()).extracting(Event::severity).containsExactly(Severity.WARNING);
    node.freeDiskBytes = 1L << 27;
    look(1);
    assertThat(events())
        .as("it has become worse")
        .extracting(Event::severity)
        .containsExactly(Severity.ERROR);
    assertThat(monitor.ofNode().get(0).message()).startsWith("128 MB are free ");
    node.freeDiskBytes = 1L << 35;
    look(5);
    assertThat(events()).extracting(Event::change).containsExactly(Change.CLEARED);
  }

  /** 1,024 MB are to be free. */
  @Test
  void aDiskThatStaysAtTheLimitIsToldOnce() {
    for (int i = 0; i < 5; i++) {
      node.freeDiskBytes = 1_023L << 20;
      look(10);
      node.freeDiskBytes = 1_100L << 20;
      look(10);
    }
    assertThat(events()).extracting(Event::severity).containsExactly(Severity.WARNING);
    assertThat(monitor.ofNode().get(0).message())
        .startsWith("1,100 MB are free ")
        .contains("not clearly more than 'min-free' (1,024 MB)");
    for (int i = 0; i < 5; i++) {
      node.freeDiskBytes = 255L << 20;
      look(10);
      node.freeDiskBytes = 270L << 20;
      look(10);
    }
    assertThat(events()).extracting(Event::severity).containsExactly(Severity.ERROR);
    node.freeDiskBytes = 300L << 20;
    look(10);
    assertThat(monitor.ofNode().get(0).severity()).isEqualTo(Severity.WARNING);
    node.freeDiskBytes = 1_200L << 20;
    look(10);
    assertThat(events()).extracting(Event::change).containsExactly(Change.CLEARED);
    node.freeDiskBytes = 1_100L << 20;
    look(10);
    assertThat(events()).as("it was never low again").isEmpty();
  }

  @Test
  void aLagThatStaysAtItsObjectiveIsToldOnce() {
    node.role = "follower";
    look(1);
    events();
    for (int i = 0; i < 5; i++) {
      node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 10_001);
      look(10);
      node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 9_500);
      look(10);
    }
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.FOLLOWER_LAG);
    assertThat(monitor.of(NAME).get(0).message())
        .startsWith("readers see what is 9 s old, not clearly less than 'lag-objective' (10 s)");
    node.follow = new FollowStatus("0000000000000009/8000000000000000", 1, 9_000);
    look(10);
    assertThat(events()).extracting(Event::change).containsExactly(Change.CLEARED);
  }

  @Test
  void limitsChange() {
    node.freeDiskBytes = 1L << 29;
    look(1);
    assertThat(events()).extracting(Event::kind).containsExactly(EventKind.DISK_LOW);
    monitor.change(new HealthLimits(Duration.ofSeconds(5), LIMITS.lagObjective(), 1L << 28));
    node.store = store(7, "");
    look(5);
    assertThat(events())
        .extracting(Event::kind)
        .containsExactlyInAnyOrder(EventKind.DISK_LOW, EventKind.BACKUP_LATE);
    assertThat(monitor.ofNode()).isEmpty();
    assertThat(monitor.of(NAME).get(0).message()).contains("'backup-objective' (5 s)");
  }

  @Test
  void aProblemThatIsAwayForAMomentIsTheSame() {
    node.store = store(5, "away");
    look(1);
    String since = monitor.of(NAME).get(0).since();
    node.store = store(0, "");
    look(2);
    node.store = store(5, "away");
    look(1);
    assertThat(events()).hasSize(1);
    assertThat(monitor.of(NAME).get(0).since()).isEqualTo(since);
  }

  @Test
  void rolesAreTold() {
    node.role = "follower";
    node.epoch = 3;
    look(2);
    node.role = "primary";
    node.epoch = 4;
    look(2);
    assertThat(events())
        .extracting(Event::message)
        .containsExactly(
            "this node is a follower in epoch 3, it was a primary",
            "this node is a primary in epoch 4, it was a follower in epoch 3");
  }

  /** Thousands of databases share a store. */
  @Test
  void whatHitsManyIsToldTogether() throws IOException {
    for (int i = 0; i < 300; i++) {
      node.open("db" + i + ".db");
    }
    node.store = store(5, "away");
    look(1);
    List<Event> told = events();
    assertThat(told).hasSize(1);
    assertThat(told.get(0).database()).isNull();
    assertThat(told.get(0).message()).startsWith("301 databases, such as ");
    assertThat(monitor.of("db7.db")).hasSize(1);
    assertThat(monitor.of(NAME)).hasSize(1);
    node.store = store(0, "");
    look(5);
    assertThat(events()).hasSize(1);
    for (int i = 0; i < 60; i++) {
      node.store = store(5, "away");
      look(1);
      node.store = null;
      look(5);
    }
    assertThat(events().size()).as("whatever happens, the log does not grow").isLessThan(100);
  }

  /** A kind without a test here would not be found missing. */
  @Test
  void everyKindIsAStateOrOnlyHappens() {
    Set<EventKind> happens = EnumSet.allOf(EventKind.class);
    happens.removeAll(EventKind.states());
    assertThat(happens).containsExactly(EventKind.ROLE_CHANGED);
  }
}
