package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.CorruptLtxException;
import dev.sluice.store.ByteRange;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PrefixedStore;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RestoreTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "shop/app.db");

  private final InMemoryStore memory = new InMemoryStore();
  private final FaultyStore store = new FaultyStore(memory);
  private final Backup backup = new Backup(store, LAYOUT, 4096);
  private Path directory;
  private Path target;

  @BeforeEach
  void chooseTarget(@TempDir Path temporary) {
    directory = temporary;
    target = temporary.resolve("app.db");
  }

  private RestoreResult restore(RestoreOptions options) throws IOException {
    return Restore.run(store, LAYOUT, options, target);
  }

  private RestoreResult restore() throws IOException {
    return restore(RestoreOptions.DEFAULT);
  }

  private void assertOnlyTarget() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(target);
    }
    assertThat(Files.readAllBytes(target)).isEqualTo(backup.database());
  }

  private void assertNothingLeft() {
    assertThat(directory).isEmptyDirectory();
  }

  private static int[] pages(int from, int to) {
    return IntStream.rangeClosed(from, to).toArray();
  }

  private byte[] bytes(String key) throws IOException {
    try (InputStream in = memory.get(key, ByteRange.ALL)) {
      return in.readAllBytes();
    }
  }

  @Test
  void takesTheNewestContentOfEveryPage() throws IOException {
    backup.transaction(1, 1);
    backup.transaction(900, pages(1, 900));
    backup.snapshot(Map.of());
    backup.transaction(900, 1, 5, 6, 7, 899);
    backup.transaction(950, pages(895, 950));
    backup.transaction(940, 1, 5);
    backup.transaction(941, 1, 941);

    RestoreResult result = restore();

    assertOnlyTarget();
    assertThat(result.position()).isEqualTo(backup.position());
    assertThat(result.pages()).isEqualTo(941);
    assertThat(result.pageSize()).isEqualTo(4096);
    assertThat(result.bytesWritten()).isEqualTo(941 * 4096);
    assertThat(result.time()).isEqualTo(Instant.ofEpochSecond(6));
    assertThat(result.files()).hasSize(5);
    assertThat(result.verified()).isFalse();
  }

  @Test
  void oneThreadGivesTheSameAsMany() throws IOException {
    backup.transaction(3000, pages(1, 3000));
    backup.transaction(3000, pages(100, 200));
    for (int threads : new int[] {1, 2, 7}) {
      Files.deleteIfExists(target);
      restore(RestoreOptions.DEFAULT.withThreads(threads));
      assertOnlyTarget();
    }
  }

  @Test
  void aLargeDatabaseIsWrittenPastThePageCache() throws IOException {
    backup.transaction(9000, pages(1, 9000));
    backup.transaction(9001, 1, 17, 18, 4500, 9001);

    restore();
    assertOnlyTarget();
  }

  @Test
  void worksFromADirectoryToo() throws IOException {
    StoreLayout layout = StoreLayout.of("file", "app.db");
    Path root = Files.createTempDirectory("sluice-store");
    try (ObjectStore files = new DirectoryStore(root)) {
      Backup inFiles = new Backup(files, layout, 512);
      inFiles.transaction(20, pages(1, 20));
      inFiles.transaction(20, 4, 5);
      inFiles.snapshot(Map.of(Restore.POSITION, inFiles.position().toString()));

      RestoreResult result = Restore.run(files, layout, RestoreOptions.DEFAULT, target);

      assertThat(result.verified()).isTrue();
      assertThat(Files.readAllBytes(target)).isEqualTo(inFiles.database());
      Path other = directory.resolve("other.db");
      Restore.run(
          new PrefixedStore(files, "app.db"),
          StoreLayout.of("file", ""),
          RestoreOptions.DEFAULT,
          other);
      assertThat(other).hasSameBinaryContentAs(target);
    }
  }

  @Test
  void theWholeDatabaseAfterAGapIsAStart() throws IOException {
    backup.transaction(50, pages(1, 50));
    backup.lost(60, pages(1, 60));
    backup.wholeTransaction(60, 7);
    backup.transaction(60, 8);

    restore();
    assertOnlyTarget();
  }

  @Test
  void aGapIsAnError() throws IOException {
    backup.transaction(50, pages(1, 50));
    backup.lost(60, pages(1, 60));
    backup.transaction(60, 8);

    assertThatThrownBy(this::restore)
        .isInstanceOf(NotRestorableException.class)
        .hasMessageContaining("transactions 0000000000000002 to 0000000000000002 are missing");
    assertNothingLeft();
  }

  @Test
  void aMissingPageIsAnError() throws IOException {
    backup.transaction(5, pages(1, 5));
    backup.transaction(7, 7);

    assertThatThrownBy(this::restore).isInstanceOf(NotRestorableException.class);
    assertNothingLeft();
  }

  @Test
  void aVacuumThatChangedThePageSizeIsAStart() throws IOException {
    backup.transaction(50, pages(1, 50));
    Backup vacuumed = new Backup(store, LAYOUT, 1024);
    vacuumed.lost(1, 1);
    vacuumed.wholeTransaction(120, pages(1, 120));
    vacuumed.transaction(120, 3);

    restore();
    assertThat(Files.readAllBytes(target)).isEqualTo(vacuumed.database());
  }

  @Test
  void aDeletedDatabaseIsEmpty() throws IOException {
    backup.transaction(5, pages(1, 5));
    backup.transaction(0);

    assertThat(restore().pages()).isZero();
    assertThat(target).isEmptyFile();
  }

  @Test
  void thePositionOfTheBackupIsVerified() throws IOException {
    backup.transaction(9, pages(1, 9));
    backup.snapshot(Map.of(Restore.POSITION, backup.position().toString()));
    assertThat(restore().verified()).isTrue();
    Files.delete(target);

    backup.transaction(9, 2);
    backup.snapshot(Map.of(Restore.POSITION, "0000000000000002/8000000000000001"));
    assertThatThrownBy(this::restore)
        .isInstanceOf(ChecksumMismatchException.class)
        .hasMessageContaining(backup.position().toString())
        .hasMessageContaining("the backup says 0000000000000002/8000000000000001");
    assertNothingLeft();
  }

  @Test
  void everyFlippedByteOfAWholeFileIsFound() throws IOException {
    String key = backup.transaction(3, pages(1, 3));
    byte[] good = bytes(key);
    Random random = new Random(1);
    for (int i = 0; i < 400; i++) {
      int at = i < 120 ? i : i < 200 ? good.length - 1 - (i - 120) : random.nextInt(good.length);
      byte flip = (byte) (1 << random.nextInt(8));
      memory.damage(key, old -> flipped(good, at, flip));

      assertThatThrownBy(this::restore)
          .as("byte %d", at)
          .isInstanceOfAny(CorruptLtxException.class, NotRestorableException.class);
      assertNothingLeft();
    }
  }

  private static byte[] flipped(byte[] bytes, int at, byte flip) {
    byte[] copy = bytes.clone();
    copy[at] ^= flip;
    return copy;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.5, 0.99})
  void aTruncatedFileIsNamed(double part) throws IOException {
    backup.transaction(30, pages(1, 30));
    String key = backup.transaction(30, pages(5, 20));
    memory.damage(key, bytes -> Arrays.copyOf(bytes, (int) (bytes.length * part)));

    assertThatThrownBy(this::restore)
        .isInstanceOf(CorruptLtxException.class)
        .hasMessageContaining(key);
    assertNothingLeft();
  }

  @Test
  void aRenamedFileIsNamed() throws IOException {
    String first = backup.transaction(30, pages(1, 30));
    String second = backup.transaction(30, pages(1, 30));
    byte[] wrong = bytes(first);
    memory.damage(second, bytes -> wrong);

    assertThatThrownBy(this::restore)
        .isInstanceOf(CorruptLtxException.class)
        .hasMessageContaining(second)
        .hasMessageContaining("renamed");
    assertNothingLeft();
  }

  @Test
  void filesCompactedSinceTheListingAreFoundAnew() throws IOException {
    backup.transaction(30, pages(1, 30));
    String compacted = backup.transaction(30, pages(5, 20));
    String snapshot = backup.snapshot(Map.of());
    // The listing is older than the snapshot, and the files are gone when they are opened.
    ObjectStore racing =
        new RacingStore(
            memory, key -> key.equals(snapshot), () -> memory.delete(List.of(compacted)));

    Restore.run(racing, LAYOUT, RestoreOptions.DEFAULT, target);
    assertOnlyTarget();
  }

  @Test
  void aStoreThatFailsLeavesNothing() throws IOException {
    backup.transaction(1500, pages(1, 1500));
    backup.transaction(1500, 4);
    for (Operation operation : List.of(Operation.LIST, Operation.GET, Operation.HEAD)) {
      store.inject(Fault.UNAVAILABLE, operation, "", operation == Operation.GET ? 3 : 0, 1);
      assertThatThrownBy(this::restore).isInstanceOf(StoreUnavailableException.class);
      assertNothingLeft();
    }
    restore();
    assertOnlyTarget();
  }

  @Test
  void anExistingTargetIsReplacedOnlyByForce() throws IOException {
    backup.transaction(3, pages(1, 3));
    Files.writeString(target, "precious");

    assertThatThrownBy(this::restore)
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("exists; restore to another name");
    assertThat(target).hasContent("precious");

    Files.writeString(directory.resolve("app.db-wal"), "stale");
    restore(RestoreOptions.DEFAULT.withForce(true));
    assertOnlyTarget();
  }

  @ParameterizedTest
  @ValueSource(strings = {"app.db-wal", "app.db-shm", "app.db-journal"})
  void whatWouldBeAppliedToTheRestoredDatabaseIsRefused(String name) throws IOException {
    backup.transaction(3, pages(1, 3));
    Path companion = Files.writeString(directory.resolve(name), "stale");

    assertThatThrownBy(this::restore)
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining(companion + " exists and would be applied to the restored database");
    assertThat(target).doesNotExist();
  }

  @Test
  void aTargetWithoutDirectoryIsNamed() throws IOException {
    backup.transaction(3, pages(1, 3));
    Path nowhere = directory.resolve("none/app.db");

    assertThatThrownBy(() -> Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, nowhere))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("its directory does not exist");
  }

  @Test
  void leftoversOfKilledRestoresAreRemovedButNotThoseUnderWay() throws IOException {
    backup.transaction(3, pages(1, 3));
    Path stale = Files.writeString(directory.resolve(".app.db.sluice-restore-1"), "killed");
    Path other = Files.writeString(directory.resolve(".other.db.sluice-restore-1"), "another's");
    Path busy = Files.writeString(directory.resolve(".app.db.sluice-restore-2"), "under way");
    try (FileChannel channel = FileChannel.open(busy, StandardOpenOption.WRITE)) {
      assertThat(channel.lock().isValid()).isTrue();
      restore();
    }

    assertThat(stale).doesNotExist();
    assertThat(busy).exists();
    assertThat(other).exists();
    assertThat(target).exists();
  }
}
