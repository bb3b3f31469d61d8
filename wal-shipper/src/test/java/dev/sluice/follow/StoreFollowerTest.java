package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.WaitOutcome;
import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.ltx.Position;
import dev.sluice.restore.RacingStore;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.Vectors;
import dev.sluice.store.ByteSource;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A copy that follows a store, which is asked by hand: nothing waits, but for what is applied. */
@Timeout(60)
final class StoreFollowerTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "shop/app.db");

  private final Path directory;
  private final Path copy;
  private final ObjectStore store = new InMemoryStore();
  private final StoreStats stats = new StoreStats();
  private Databases databases;
  private Database database;

  StoreFollowerTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    this.copy = directory.resolve("copy.db");
    databases = Databases.open(directory.resolve("state/db"));
    database = databases.open("app.db");
  }

  @AfterEach
  void close() {
    databases.close();
  }

  private StoredBackup backup(String name, boolean positions) throws Exception {
    return new StoredBackup(directory.resolve(name), store, LAYOUT, positions);
  }

  private StoreFollower follower(ObjectStore from) throws IOException {
    return follower(from, LAYOUT);
  }

  /** Opens what the one before it has left. */
  private StoreFollower follower(ObjectStore from, StoreLayout layout) throws IOException {
    databases.close();
    databases = Databases.open(directory.resolve("state/db"));
    database = databases.open("app.db");
    return new StoreFollower(
        new StoreFollower.Options(
            new MeteredStore(from, stats),
            layout,
            "app.db",
            new Pace(Duration.ofMillis(1)),
            RestoreOptions.DEFAULT,
            directory.resolve("state/tmp")),
        databases,
        name -> copy);
  }

  /** All that is in the store is in the copy. */
  private void assertFollowed(StoreFollower follower, Position position) throws Exception {
    assertThat(follower.poll()).isFalse();
    assertThat(database.position()).isEqualTo(position);
    assertThat(database.await(position, 30_000).get()).isEqualTo(WaitOutcome.REACHED);
  }

  /** After it was closed, when nobody has the copy open, all is in its main file. */
  private void assertCopy(StoredBackup backup) throws IOException {
    assertThat(Files.readAllBytes(copy)).isEqualTo(backup.image());
  }

  private static void fill(StoredBackup backup) throws Exception {
    backup.transaction("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
    backup.transaction(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200)"
            + " INSERT INTO t SELECT i, randomblob(300) FROM n");
    backup.transaction("UPDATE t SET v=randomblob(200) WHERE i<20");
  }

  private static final String CHANGE = "UPDATE t SET v=randomblob(200) WHERE i=50";

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void restoresThenTakesEachFile(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
        for (int i = 0; i < 5; i++) {
          backup.transaction(CHANGE);
          backup.transaction("INSERT INTO t SELECT NULL, randomblob(900) FROM t WHERE i<10");
          assertThat(follower.poll()).isTrue();
          assertFollowed(follower, backup.position());
        }
        backup.transaction("DELETE FROM t WHERE i>20");
        backup.transaction("VACUUM");
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @Test
  void aFirstTransactionAloneIsFollowed() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      backup.transaction("CREATE TABLE t(i INTEGER PRIMARY KEY, v)");
      try (StoreFollower follower = follower(store)) {
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
        backup.transaction("INSERT INTO t VALUES(50, 1)");
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void goesOnFromItsOwnState(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
      }
      backup.transaction(CHANGE);
      backup.transaction(CHANGE);
      try (StoreFollower follower = follower(store)) {
        long read = stats.bytesIn();
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
        assertThat(stats.bytesIn() - read).isLessThan(Files.size(copy) / 2);
      }
      assertCopy(backup);
    }
  }

  @Test
  void anIdleStoreCostsOneListingAndEachThirdTimeAnother() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        follower.poll();
        long lists = stats.requests(Operation.LIST);
        long others = stats.requests(Operation.GET) + stats.requests(Operation.HEAD);
        for (int i = 0; i < 6; i++) {
          assertThat(follower.poll()).isFalse();
        }
        assertThat(stats.requests(Operation.LIST) - lists).isEqualTo(8);
        assertThat(stats.requests(Operation.GET) + stats.requests(Operation.HEAD))
            .isEqualTo(others);
        backup.transaction(CHANGE);
        lists = stats.requests(Operation.LIST);
        assertThat(follower.poll()).isTrue();
        assertThat(stats.requests(Operation.LIST) - lists).isEqualTo(1);
        assertThat(stats.requests(Operation.GET) + stats.requests(Operation.HEAD))
            .isEqualTo(others + 2);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void filesThatAreMergedAfterTheyWereListed(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions)) {
      fill(backup);
      Runnable merge =
          () -> {
            try {
              backup.compact(4, 6);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          };
      // After the look at everything, the restore's, and two of the tail.
      ObjectStore racing = new RacingStore(store, 4, key -> false, merge);
      try (StoreFollower follower = follower(racing)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        assertThat(follower.poll()).isFalse();
        for (int i = 0; i < 3; i++) {
          backup.transaction(CHANGE);
        }
        assertThat(follower.poll()).isTrue();
        assertThat(store.head(backup.key(0, 4, 4))).isEmpty();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFileOfAHigherLevelThatBeginsEarlier(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        backup.transaction(CHANGE);
        backup.transaction("INSERT INTO t SELECT NULL, randomblob(900) FROM t");
        backup.compact(2, 5);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  /** As after a change of page size, or when the log of a node no longer reaches back. */
  @ParameterizedTest
  @ValueSource(strings = {"VACUUM", "PRAGMA page_size=8192", "PRAGMA page_size=512"})
  void onlyASnapshotLeadsOn(String pageSize) throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        backup.commit(CHANGE);
        backup.commit(pageSize);
        backup.commit("VACUUM");
        backup.snapshot();
        boolean came = false;
        for (int i = 0; i < 3; i++) {
          came |= follower.poll();
        }
        assertThat(came).isTrue();
        assertFollowed(follower, backup.position());
        backup.transaction(CHANGE);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
        // The history goes on: whoever waits for what was before is not told that it diverged.
        assertThat(Objects.requireNonNull(database.log().first()).minTxid()).isLessThanOrEqualTo(3);
      }
      assertCopy(backup);
    }
  }

  @Test
  void transactionsThatAreMissing() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        backup.commit(CHANGE);
        backup.transaction(CHANGE);
        Position before = database.position();
        assertThatThrownBy(follower::poll).hasMessageContaining("cannot restore");
        assertThat(database.position()).isEqualTo(before);
        backup.put(1, 4, 5);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anotherHistoryIsTakenByItsDifference(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions);
        StoredBackup other = backup("other", positions)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        backup.wipe();
        // It has the same TXIDs, and then more.
        fill(other);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, other.position());
        other.transaction(CHANGE);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, other.position());
      }
      assertCopy(other);
      // While it is not there, and older.
      other.wipe();
      backup.put(0, 1, 1);
      backup.put(0, 2, 2);
      backup.put(0, 3, 3);
      try (StoreFollower follower = follower(store)) {
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anotherHistoryThatIsLonger(boolean positions) throws Exception {
    try (StoredBackup backup = backup("source", positions);
        StoredBackup other = backup("other", positions)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
      }
      backup.wipe();
      fill(other);
      for (int i = 0; i < 5; i++) {
        other.transaction(CHANGE);
      }
      // Nothing ends where the copy stands.
      other.compact(2, 4);
      try (StoreFollower follower = follower(store)) {
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, other.position());
      }
      assertCopy(other);
    }
  }

  @Test
  void aDamagedFileIsNotTaken() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        Position before = backup.position();
        backup.transaction(CHANGE);
        backup.damage(backup.key(0, 4, 4));
        assertThatThrownBy(follower::poll).isInstanceOf(CorruptLtxException.class);
        assertThat(database.position()).isEqualTo(before);
        backup.compact(4, 4);
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"LIST", "GET", "HEAD"})
  void aStoreThatIsAway(String operation) throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      FaultyStore faulty = new FaultyStore(store);
      try (StoreFollower follower = follower(faulty)) {
        follower.poll();
        assertFollowed(follower, backup.position());
        backup.transaction(CHANGE);
        faulty.inject(Fault.UNAVAILABLE, Operation.valueOf(operation), "", 0, 1_000);
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(follower::poll).isInstanceOf(StoreUnavailableException.class);
        }
        faulty.heal();
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  @Test
  void byItsThreadItSaysWhatIsWrongAndGoesOn() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      FaultyStore faulty = new FaultyStore(store);
      try (StoreFollower follower = follower(faulty)) {
        follower.start();
        await(follower::isCaughtUp);
        assertThat(follower.isConnected()).isTrue();
        faulty.inject(Fault.UNAVAILABLE, Operation.LIST, "", 0, Integer.MAX_VALUE);
        await(() -> follower.error("app.db") != null);
        assertThat(follower.isConnected()).isFalse();
        assertThat(follower.error("other.db")).isNull();
        backup.transaction(CHANGE);
        faulty.heal();
        await(() -> database.applied().equals(backup.position()));
        await(() -> follower.error("app.db") == null);
        assertThat(Objects.requireNonNull(follower.status("app.db")).lagTransactions()).isZero();
      }
      assertCopy(backup);
    }
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    while (!condition.holds()) {
      Thread.sleep(1);
    }
  }

  @Test
  void nothingToFollow() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    try (StoreFollower follower = follower(store)) {
      follower.onUnknownDatabase(told::countDown);
      assertThatThrownBy(follower::poll).hasMessageContaining("no backup there");
      assertThat(told.getCount()).isZero();
      assertThat(follower.unknownDatabase()).isEqualTo("app.db");
    }
  }

  @Test
  void aCopyThatWasDeletedIsRestored() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      try (StoreFollower follower = follower(store)) {
        follower.poll();
        assertFollowed(follower, backup.position());
      }
      Files.delete(copy);
      backup.transaction(CHANGE);
      try (StoreFollower follower = follower(store)) {
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
    }
  }

  /** Killed after a restore, before its state was there. */
  @Test
  void aCopyWithoutStateIsBroughtToTheStore() throws Exception {
    try (StoredBackup backup = backup("source", true)) {
      fill(backup);
      Files.write(copy, backup.image());
      backup.transaction(CHANGE);
      Path temporary = Files.createDirectories(directory.resolve("state/tmp"));
      Path left = Files.write(temporary.resolve("stored1.ltx"), new byte[100]);
      try (StoreFollower follower = follower(store)) {
        assertThat(left).doesNotExist();
        assertThat(follower.poll()).isTrue();
        assertFollowed(follower, backup.position());
      }
      assertCopy(backup);
      assertThat(temporary).isEmptyDirectory();
    }
  }

  /** Each state of a replica that Litestream wrote, one file after another. */
  @Test
  void eachTransactionOfLitestream() throws Exception {
    StoreLayout layout = StoreLayout.of("file", "");
    Path replica = Vectors.copy("litestream-v0.5", directory.resolve("replica"));
    ObjectStore whole = new DirectoryStore(replica);
    List<Path> files;
    try (Stream<Path> level0 = Files.list(replica.resolve("ltx/0"))) {
      files = level0.sorted().toList();
    }
    Path restored = directory.resolve("restored.db");
    try (StoreFollower follower = follower(store, layout)) {
      for (int i = 0; i < files.size(); i++) {
        store.put(
            "ltx/0/" + files.get(i).getFileName(),
            ByteSource.of(files.get(i)),
            Map.of(),
            PutCondition.IF_ABSENT);
        assertThat(follower.poll()).isTrue();
        Position position =
            Restore.run(
                    whole,
                    layout,
                    RestoreOptions.DEFAULT.withForce(true).withTarget(RestoreTarget.txid(i + 1)),
                    restored)
                .position();
        assertFollowed(follower, position);
      }
    }
    assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(restored));
    // Level by level, from the first state on.
    Files.delete(copy);
    StoreLayout first = StoreLayout.of("file", "first");
    store.put(
        "first/ltx/0/" + files.get(0).getFileName(),
        ByteSource.of(files.get(0)),
        Map.of(),
        PutCondition.IF_ABSENT);
    try (StoreFollower follower = follower(store, first)) {
      assertThat(follower.poll()).isTrue();
    }
    for (int level : List.of(2, 1, 0)) {
      try (Stream<Path> each = Files.list(replica.resolve("ltx/" + level))) {
        for (Path file : each.sorted().toList()) {
          String key = "first/ltx/" + level + "/" + file.getFileName();
          store.put(key, ByteSource.of(file), Map.of(), PutCondition.NONE);
        }
      }
    }
    try (StoreFollower follower = follower(store, first)) {
      assertThat(follower.poll()).isTrue();
      assertFollowed(follower, database.position());
    }
    assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(restored));
  }
}
