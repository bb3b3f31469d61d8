package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.NotRestorableException;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestorePoint;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredFile;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Levels, snapshots and retention: whatever happens, what was promised restores. */
@SuppressWarnings("NullAway") // JUnit sets the fields.
@Timeout(120)
final class LevelsTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "");
  private static final Duration RETENTION = Duration.ofHours(24);
  private static final ShippingPolicy POLICY =
      new ShippingPolicy(
          // Only the test says when.
          Duration.ofDays(1000),
          List.of(Duration.ofSeconds(30), Duration.ofMinutes(5), Duration.ofHours(1)),
          Duration.ofHours(24),
          RETENTION,
          Duration.ofMinutes(5));

  /** A state that was committed, and when. */
  private record State(long timeMillis, ByteBuffer bytes) {}

  @TempDir private Path directory;
  private final MovedClock clock = new MovedClock();
  private final StoreStats stats = new StoreStats();
  private final FaultyStore store =
      new FaultyStore(new MeteredStore(new InMemoryStore(clock), stats));
  private final TreeMap<Long, State> history = new TreeMap<>();
  private PageModel model = new PageModel(7, 512);
  private Databases databases;
  private Database database;
  private Shipper shipper;

  @BeforeEach
  void open() throws IOException {
    databases = Databases.open(directory.resolve("state/db"), clock);
    database = databases.open("app.db");
    shipper = shipper(1 << 30);
  }

  @AfterEach
  void close() throws IOException {
    store.heal();
    databases.close();
  }

  private Shipper shipper(long maxLogBytes) {
    return new Shipper(
        "0123456789abcdef",
        databases,
        name -> List.of(new Destination(store, LAYOUT, "memory", "memory")),
        new Snapshots(directory.resolve("tmp"), (name, pgno, target) -> model.read(pgno, target)),
        POLICY,
        new LogLimits(0, maxLogBytes),
        clock,
        false);
  }

  private void commit() throws IOException {
    if (model.commit(database, model.change())) {
      history.put(
          database.position().txid(), new State(clock.millis(), ByteBuffer.wrap(model.bytes())));
    }
  }

  /** One file of level 0. */
  private void commitAndShip() throws IOException {
    commit();
    assertThat(shipper.flush()).isTrue();
  }

  private void moveAndMaintain(Duration by) throws IOException {
    clock.move(by);
    shipper.maintain();
  }

  private void mergeAll() throws IOException {
    for (int level = 0; level < POLICY.levels().size(); level++) {
      moveAndMaintain(Duration.ofHours(1));
    }
  }

  private List<StoredFile> files(int level) throws IOException {
    return StoreListing.read(store, LAYOUT).files().stream()
        .filter(file -> file.level() == level)
        .toList();
  }

  private RestoreResult restore(RestoreTarget target) throws IOException {
    return Restore.run(
        store,
        LAYOUT,
        RestoreOptions.DEFAULT.withForce(true).withTarget(target),
        directory.resolve("restored.db"));
  }

  /** Restores, and compares with the state that was committed. */
  private long restored(RestoreTarget target) throws IOException {
    long txid = restore(target).position().txid();
    assertThat(Files.readAllBytes(directory.resolve("restored.db")))
        .as("%s at %s", target, Txid.format(txid))
        .isEqualTo(history.get(txid).bytes().array());
    return txid;
  }

  @Test
  void eachLevelIsMergedFromTheOneBefore() throws IOException {
    for (int i = 0; i < 3; i++) {
      commitAndShip();
      clock.move(Duration.ofSeconds(1));
      commitAndShip();
      assertThat(files(1)).hasSize(i);
      moveAndMaintain(Duration.ofSeconds(30));
      assertThat(files(1)).hasSize(i + 1);
    }
    assertThat(files(2)).isEmpty();
    moveAndMaintain(Duration.ofMinutes(5));
    assertThat(files(2)).hasSize(1);
    assertThat(files(2).get(0).maxTxid()).isEqualTo(database.position().txid());
    moveAndMaintain(Duration.ofHours(1));
    assertThat(files(3)).hasSize(1);
    // Of level 0, what is merged and old enough is gone, but not the newest.
    assertThat(files(0)).hasSize(1);
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(database.position().txid());
    for (StoredFile file : files(1)) {
      assertThat(restored(RestoreTarget.txid(file.maxTxid()))).isEqualTo(file.maxTxid());
    }
  }

  @Test
  void mergingReadsTheLogAndNotTheStore() throws IOException {
    shipper.flush();
    for (int i = 0; i < 10; i++) {
      commitAndShip();
    }
    mergeAll();
    assertThat(files(3)).hasSize(1);
    assertThat(stats.requests(Operation.GET)).isZero();
  }

  @Test
  void mergingReadsTheStoreWhenTheLogIsGone() throws IOException {
    PageModel large = new PageModel(3, 65_536);
    model = large;
    while (database.log().first() == null || database.log().first().minTxid() == 1) {
      for (int i = 0; i < 20; i++) {
        model.commit(database, model.change());
      }
      history.put(
          database.position().txid(), new State(clock.millis(), ByteBuffer.wrap(model.bytes())));
      assertThat(shipper.flush()).isTrue();
    }
    moveAndMaintain(Duration.ofHours(2));
    assertThat(files(1)).hasSize(1);
    assertThat(stats.requests(Operation.GET)).isPositive();
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(database.position().txid());
  }

  @Test
  void anIdleDatabaseIsLeftAlone() throws IOException {
    for (int i = 0; i < 5; i++) {
      commitAndShip();
    }
    for (int i = 0; i < 100; i++) {
      moveAndMaintain(Duration.ofHours(1));
    }
    long before = stats.requests();
    assertThat(stats.requests(Operation.LIST)).isEqualTo(1);
    for (int i = 0; i < 100; i++) {
      moveAndMaintain(Duration.ofHours(1));
      assertThat(shipper.flush()).isTrue();
    }
    assertThat(stats.requests()).isEqualTo(before);
    assertThat(files(StoreLayout.SNAPSHOT_LEVEL)).hasSize(1);
  }

  @Test
  void anActiveDatabaseCostsOnePutAnIntervalAndNoListing() throws IOException {
    commitAndShip();
    long putsBefore = stats.requests(Operation.PUT);
    for (int i = 0; i < 900; i++) {
      commitAndShip();
      moveAndMaintain(Duration.ofSeconds(1));
    }
    assertThat(stats.requests(Operation.PUT) - putsBefore).isBetween(900 + 30L, 900 + 36L);
    assertThat(stats.requests(Operation.LIST)).isEqualTo(1);
    assertThat(stats.requests(Operation.GET)).isZero();
    // Of the claim, once in ten seconds of real time.
    assertThat(stats.requests(Operation.HEAD)).isLessThan(90);
    assertThat(stats.requests(Operation.DELETE)).isBetween(15L, 24L);
    assertThat(files(0)).hasSizeBetween(300, 340);
  }

  @Test
  void snapshotsReplaceWhatIsOlderThanTheRetention() throws IOException {
    for (int day = 0; day < 4; day++) {
      for (int hour = 0; hour < 24; hour++) {
        commitAndShip();
        moveAndMaintain(Duration.ofHours(1));
      }
    }
    assertThat(files(StoreLayout.SNAPSHOT_LEVEL)).hasSize(2);
    Instant oldest = clock.instant().minus(RETENTION);
    restored(RestoreTarget.time(oldest));
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(database.position().txid());
    assertThat(StoreListing.read(store, LAYOUT).files()).hasSizeLessThan(3 * 49 + 5);
  }

  @Test
  void whatCouldNotBeDeletedIsDeletedLater() throws IOException {
    for (int i = 0; i < 5; i++) {
      commitAndShip();
    }
    moveAndMaintain(Duration.ofSeconds(30));
    store.failNext(Fault.UNAVAILABLE, Operation.DELETE);
    clock.move(Duration.ofMinutes(6));
    assertThatThrownBy(shipper::maintain).isInstanceOf(IOException.class);
    assertThat(shipper.error("app.db")).contains("unavailable");
    assertThat(files(0)).hasSize(5);
    shipper.maintain();
    assertThat(shipper.error("app.db")).isNull();
    assertThat(files(0)).hasSize(1);
  }

  @Test
  void aFirstFileThatIsLargeIsASnapshot() throws IOException {
    model.grow(4096);
    model.commit(database, model.change());
    history.put(
        database.position().txid(), new State(clock.millis(), ByteBuffer.wrap(model.bytes())));
    assertThat(shipper.flush()).isTrue();
    commitAndShip();
    mergeAll();
    assertThat(files(StoreLayout.SNAPSHOT_LEVEL)).hasSize(1);
    assertThat(files(3)).hasSize(1);
    assertThat(files(3).get(0).minTxid()).isEqualTo(2);
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(database.position().txid());
  }

  /** A node that is killed between the two goes on after the snapshot. */
  @Test
  void aSnapshotIsNotThereBeforeTheTransactionsThatLeadToIt() throws IOException {
    commitAndShip();
    clock.move(Duration.ofHours(25));
    commit();
    store.inject(Fault.BROKEN, Operation.PUT, "ltx/0/", 0, 1);
    assertThatThrownBy(shipper::maintain).isInstanceOf(IOException.class);
    assertThat(files(StoreLayout.SNAPSHOT_LEVEL)).isEmpty();
    shipper.maintain();
    assertThat(files(StoreLayout.SNAPSHOT_LEVEL)).hasSize(1);
    assertThat(files(0).get(files(0).size() - 1).maxTxid()).isEqualTo(database.position().txid());
  }

  @Test
  void aStoreThatIsAwayTooLongGetsASnapshot() throws IOException {
    shipper = shipper(20 << 20);
    shipper.start();
    PageModel large = new PageModel(3, 65_536);
    model = large;
    store.inject(Fault.UNAVAILABLE, Operation.PUT, "", 0, Integer.MAX_VALUE);
    while (database.position().txid() < 1024) {
      model.commit(database, model.change());
    }
    assertThat(database.log().sizeBytes()).isLessThan(30 << 20);
    assertThat(database.log().first().minTxid()).isGreaterThan(1);
    store.heal();
    assertThat(shipper.flush()).isTrue();
    history.put(
        database.position().txid(), new State(clock.millis(), ByteBuffer.wrap(model.bytes())));
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(database.position().txid());
    shipper.close();
  }

  @Test
  void everyPromisedStateRestores() throws IOException {
    String fixed = System.getProperty("sluice.seed", System.getenv("SLUICE_SEED"));
    long seed = fixed == null ? System.nanoTime() : Long.parseLong(fixed);
    Random random = new Random(seed);
    NavigableMap<Long, Long> promised = new TreeMap<>();
    try {
      for (int step = 0; step < 80; step++) {
        step(random);
        check(random, promised);
      }
      assertThat(history.size()).isGreaterThan(40);
    } catch (AssertionError | IOException | RuntimeException e) {
      throw new AssertionError("SLUICE_SEED=" + seed + ": " + e.getMessage(), e);
    }
  }

  private void step(Random random) throws IOException {
    int commits = random.nextInt(4);
    for (int i = 0; i < commits; i++) {
      if (random.nextInt(60) == 0) {
        model.resize(random.nextBoolean() ? 1024 : 512);
        model.commit(database, model.allPages());
        history.put(
            database.position().txid(), new State(clock.millis(), ByteBuffer.wrap(model.bytes())));
      }
      commit();
    }
    Operation operation =
        List.of(Operation.PUT, Operation.DELETE, Operation.GET, Operation.LIST, Operation.HEAD)
            .get(random.nextInt(5));
    if (random.nextInt(4) == 0) {
      store.failNext(random.nextBoolean() ? Fault.UNAVAILABLE : Fault.AMBIGUOUS, operation);
    }
    if (random.nextInt(20) == 0) {
      store.staleLists();
    } else if (random.nextInt(10) == 0) {
      store.freshenLists();
    }
    shipper.flush();
    clock.move(
        Duration.ofSeconds(
            switch (random.nextInt(4)) {
              case 0 -> random.nextInt(30);
              case 1 -> random.nextInt(600);
              case 2 -> random.nextInt(7200);
              default -> random.nextInt(86_400 / 2);
            }));
    try {
      shipper.maintain();
    } catch (IOException e) {
      // Injected; it is done in a later step.
    }
    if (random.nextInt(15) == 0) {
      // Killed: only what is on the disk and in the store is left.
      databases.close();
      open();
    }
    store.heal();
    assertThat(shipper.flush()).as(() -> shipper.error("app.db")).isTrue();
  }

  /**
   * @param promised TXIDs at which a merged file has ended, with their times
   */
  private void check(Random random, NavigableMap<Long, Long> promised) throws IOException {
    if (history.isEmpty()) {
      return;
    }
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(history.lastKey());
    List<Long> points = new ArrayList<>();
    for (RestorePoint point : StoreListing.read(store, LAYOUT).restorePoints()) {
      points.add(point.txid());
    }
    for (StoredFile file : StoreListing.read(store, LAYOUT).files()) {
      if (file.level() > 0) {
        promised.put(file.maxTxid(), history.get(file.maxTxid()).timeMillis());
      }
    }
    long since = clock.millis() - RETENTION.toMillis();
    for (Map.Entry<Long, Long> promise : promised.entrySet()) {
      Map.Entry<Long, Long> next = promised.higherEntry(promise.getKey());
      boolean needed = next == null || next.getValue() > since;
      if (needed && random.nextInt(8) == 0) {
        points.add(promise.getKey());
      }
    }
    for (int i = 0; i < 3 && !points.isEmpty(); i++) {
      restored(RestoreTarget.txid(points.get(random.nextInt(points.size()))));
    }
    for (long txid : points.subList(Math.max(0, points.size() - 2), points.size())) {
      assertThat(restored(RestoreTarget.txid(txid))).isEqualTo(txid);
    }
    long time = Math.max(since, history.firstEntry().getValue().timeMillis());
    time += (long) (random.nextDouble() * (clock.millis() - time));
    try {
      long txid = restored(RestoreTarget.time(Instant.ofEpochMilli(time)));
      assertThat(history.get(txid).timeMillis()).isLessThanOrEqualTo(time);
      for (Map.Entry<Long, Long> promise : promised.entrySet()) {
        if (promise.getValue() <= time) {
          assertThat(txid).isGreaterThanOrEqualTo(promise.getKey());
        }
      }
    } catch (NotRestorableException e) {
      long at = time;
      assertThat(promised.values()).noneMatch(promise -> promise <= at);
    }
  }
}
