package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BackupSummaryTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "app.db");

  private final InMemoryStore memory = new InMemoryStore();
  private final StoreStats stats = new StoreStats();
  private final MeteredStore store = new MeteredStore(memory, stats);
  private final Backup backup = new Backup(store, LAYOUT, 512);

  private BackupSummary read() throws IOException {
    return BackupSummary.read(store, LAYOUT);
  }

  @Test
  void showsTheTimeThatCanBeRestored() throws IOException {
    backup.transaction(5, 1, 2, 3, 4, 5);
    for (int i = 2; i <= 100; i++) {
      backup.transaction(5, 3);
      if (i % 40 == 0) {
        backup.snapshot(Map.of());
      }
    }
    long before = stats.requests(Operation.HEAD) + stats.requests(Operation.LIST);
    BackupSummary summary = read();
    assertThat(stats.requests(Operation.HEAD) + stats.requests(Operation.LIST) - before)
        .isLessThan(12);
    assertThat(stats.requests(Operation.GET)).isZero();

    assertThat(summary.states()).isEqualTo(100);
    assertThat(summary.first()).isEqualTo(new RestorePoint(1, Instant.ofEpochSecond(1)));
    assertThat(summary.last()).isEqualTo(new RestorePoint(100, Instant.ofEpochSecond(100)));
    assertThat(summary.isNewestRestorable()).isTrue();
    assertThat(summary.gaps()).isEmpty();
    assertThat(summary.snapshots())
        .extracting(snapshot -> snapshot.txid())
        .containsExactly(1L, 40L, 80L);
    assertThat(summary.levels()).extracting(level -> level.level()).containsExactly(0, 9);
    BackupSummary.Level raw = summary.levels().get(0);
    assertThat(raw.files()).isEqualTo(100);
    assertThat(raw.step()).isEqualTo(Duration.ofSeconds(1));
    assertThat(raw.from()).isEqualTo(Instant.ofEpochSecond(1));
  }

  @Test
  void namesAGapAfterWhichNothingCanBeRestored() throws IOException {
    backup.transaction(5, 1, 2, 3, 4, 5);
    backup.transaction(5, 2);
    backup.lost(5, 3);
    backup.lost(5, 3);
    backup.transaction(5, 4);

    BackupSummary summary = read();
    assertThat(summary.gaps())
        .containsExactly(
            new BackupSummary.Gap(3, 4, Instant.ofEpochSecond(2), Instant.ofEpochSecond(5), false));
    assertThat(summary.last()).isEqualTo(new RestorePoint(2, Instant.ofEpochSecond(2)));
    assertThat(summary.isNewestRestorable()).isFalse();
    assertThat(summary.newestTxid()).isEqualTo(5);
  }

  @Test
  void aWholeFileOrASnapshotEndsAGap() throws IOException {
    backup.transaction(5, 1, 2, 3, 4, 5);
    backup.lost(5, 3);
    backup.wholeTransaction(5, 4);
    backup.transaction(5, 2);
    backup.lost(5, 3);
    backup.lost(5, 3);
    backup.snapshot(Map.of());

    BackupSummary summary = read();
    assertThat(summary.gaps())
        .containsExactly(
            new BackupSummary.Gap(2, 2, Instant.ofEpochSecond(1), Instant.ofEpochSecond(3), true),
            // The snapshot has what was lost, but no state before it.
            new BackupSummary.Gap(5, 5, Instant.ofEpochSecond(4), Instant.ofEpochSecond(6), true))
        .hasSize(2);
  }

  @Test
  void snapshotsThatWereThinnedOutAreNoGap() throws IOException {
    String first = backup.transaction(5, 1, 2, 3, 4, 5);
    backup.snapshot(Map.of());
    for (int i = 0; i < 9; i++) {
      String key = backup.transaction(5, 2);
      memory.delete(List.of(key));
    }
    backup.snapshot(Map.of());
    backup.transaction(5, 2);
    memory.delete(List.of(first));

    BackupSummary summary = read();
    assertThat(summary.gaps()).isEmpty();
    assertThat(summary.states()).isEqualTo(3);
    assertThat(summary.isNewestRestorable()).isTrue();
  }

  /** The newest file of a level stays when what joined it to a later snapshot has expired. */
  @Test
  void whatIsLeftOfBeforeTheOldestSnapshotIsNoGap() throws IOException {
    List<String> expired = new ArrayList<>(List.of(backup.transaction(5, 1, 2, 3, 4, 5)));
    backup.transaction(5, 2);
    expired.add(backup.transaction(5, 3));
    backup.transaction(5, 4);
    backup.transaction(5, 1);
    backup.compact(4, 5);
    backup.snapshot(Map.of());
    memory.delete(expired);

    BackupSummary summary = read();
    assertThat(summary.gaps()).isEmpty();
    assertThat(summary.states()).isEqualTo(1);

    backup.lost(5, 2);
    backup.transaction(5, 3);
    assertThat(read().gaps()).extracting(BackupSummary.Gap::firstTxid).containsExactly(6L);
  }

  /** The same, where that file begins with the first transaction: its state can be restored. */
  @Test
  void whatHasExpiredBehindTheNewestFileOfALevelIsNoGap() throws IOException {
    backup.transaction(5, 1, 2, 3, 4, 5);
    backup.transaction(5, 2);
    backup.compact(1, 2);
    List<String> expired = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      expired.add(backup.transaction(5, 3));
    }
    backup.snapshot(Map.of());
    backup.transaction(5, 4);
    memory.delete(expired);

    BackupSummary summary = read();
    assertThat(summary.gaps()).isEmpty();
    assertThat(summary.states()).isEqualTo(3);
  }

  @Test
  void aFileThatExpiresMeanwhileIsNoError() throws IOException {
    backup.transaction(5, 1, 2, 3, 4, 5);
    backup.lost(5, 3);
    String expires = backup.wholeTransaction(5, 4);
    backup.snapshot(Map.of());

    RacingStore racing =
        new RacingStore(store, key -> false, () -> memory.delete(List.of(expires)));
    assertThat(BackupSummary.read(racing, LAYOUT).states()).isEqualTo(2);
  }

  @Test
  void anEmptyStoreHasNoBackup() throws IOException {
    assertThat(read().isEmpty()).isTrue();
  }

  @Test
  void generationsOfLitestream3AreShown(@TempDir Path directory) throws IOException {
    Path replica = Vectors.copy("litestream-v0.3", directory.resolve("replica"));
    try (ObjectStore files = new DirectoryStore(replica)) {
      BackupSummary summary = BackupSummary.read(files, StoreLayout.of("file", ""));
      assertThat(summary.isEmpty()).isFalse();
      assertThat(summary.generations()).hasSize(1);
      assertThat(summary.generations().get(0).snapshots()).isEqualTo(1);
      assertThat(summary.generations().get(0).segments()).isEqualTo(19);
    }
  }

  @Test
  void aVerificationLeavesNothingAndFindsDamage(@TempDir Path scratch) throws IOException {
    backup.transaction(50, IntStream.rangeClosed(1, 50).toArray());
    String key = backup.transaction(50, 7, 8, 9);
    backup.transaction(50, 7, 8, 9);
    Path[] checked = new Path[1];
    RestoreOptions options =
        RestoreOptions.DEFAULT.withIntegrity(
            IntegrityCheck.QUICK, database -> checked[0] = database);
    Verification.Outcome outcome = Verification.run(store, LAYOUT, options, scratch);
    assertThat(outcome.restored().position()).isEqualTo(backup.position());
    assertThat(outcome.gaps()).isEmpty();
    assertThat(checked[0]).isNotNull();
    assertThat(scratch).isEmptyDirectory();

    // The restore needs no page of this file: only the full check finds what is wrong with it.
    memory.damage(
        key,
        bytes -> {
          bytes[150] ^= 1;
          return bytes;
        });
    Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, scratch.resolve("quick.db"));
    Files.delete(scratch.resolve("quick.db"));
    assertThatThrownBy(() -> Verification.run(store, LAYOUT, options, scratch))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessageContaining(key);
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void aVerificationTakesNoMergeForAGap(@TempDir Path scratch) throws IOException {
    backup.transaction(2, 1, 2);
    String merged = backup.transaction(2, 1);
    backup.wholeTransaction(2, 1);
    // The restore lists first, then the summary does.
    ObjectStore racing = new RacingStore(store, 1, merged::equals, () -> {});
    assertThat(Verification.run(racing, LAYOUT, RestoreOptions.DEFAULT, scratch).gaps()).isEmpty();
    memory.delete(List.of(merged));
    assertThat(Verification.run(store, LAYOUT, RestoreOptions.DEFAULT, scratch).gaps()).hasSize(1);
  }

  @Test
  void withoutChecksADamagedBackupGivesWhatItHas(@TempDir Path directory) throws IOException {
    String key = backup.transaction(3, 1, 2, 3);
    memory.damage(
        key,
        bytes -> {
          // The file checksum, at the end.
          bytes[bytes.length - 1] ^= 1;
          return bytes;
        });
    Path out = directory.resolve("app.db");
    assertThatThrownBy(() -> Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, out))
        .isInstanceOf(CorruptLtxException.class);
    RestoreOptions none =
        RestoreOptions.DEFAULT.withIntegrity(IntegrityCheck.NONE, DatabaseCheck.NONE);
    Restore.run(store, LAYOUT, none, out);
    assertThat(Arrays.equals(Files.readAllBytes(out), backup.database())).isTrue();
  }
}
