package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore that was interrupted goes on where it was. */
final class ResumeTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "app.db");

  /** 39 MB, 75 pieces. */
  private static final int PAGES = 9600;

  private final StoreStats stats = new StoreStats();
  private final FaultyStore store = new FaultyStore(new MeteredStore(new InMemoryStore(), stats));
  private final Backup backup = new Backup(store, LAYOUT, 4096);
  private Path directory;
  private Path target;

  @BeforeEach
  void interrupt(@TempDir Path temporary) throws IOException {
    directory = temporary;
    target = temporary.resolve("app.db");
    backup.transaction(PAGES, IntStream.rangeClosed(1, PAGES).toArray());
    store.inject(Fault.UNAVAILABLE, Operation.GET, "", 60, 1000);
    assertThatThrownBy(() -> restore(RestoreListener.NONE))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("is kept: restore again to go on from there");
    store.heal();
    assertThat(target).doesNotExist();
  }

  private RestoreResult restore(RestoreListener listener) throws IOException {
    return Restore.run(
        store, LAYOUT, RestoreOptions.DEFAULT.withThreads(2).withListener(listener), target);
  }

  private long bytesOfWholeRestore() throws IOException {
    return Restore.run(store, LAYOUT, RestoreOptions.DEFAULT, directory.resolve("other.db"))
        .bytesRead();
  }

  private void assertRestored() throws IOException {
    assertThat(Files.readAllBytes(target)).isEqualTo(backup.database());
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.filter(file -> file.toString().contains("sluice-restore"))).isEmpty();
    }
  }

  private Path leftover(boolean journal) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().endsWith(PieceJournal.SUFFIX) == journal)
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void whatIsThereIsNotReadAgain() throws IOException {
    List<Long> written = new ArrayList<>();
    RestoreResult result = restore((bytes, total) -> written.add(bytes));
    assertRestored();
    assertThat(written).isSorted().endsWith((long) PAGES * 4096);
    assertThat(result.bytesRead()).isLessThan(bytesOfWholeRestore() / 2);
    assertThat(result.position()).isEqualTo(backup.position());
  }

  @Test
  void whatHasChangedSinceIsReadAnew() throws IOException {
    backup.transaction(PAGES + 20, 1, 77, 5000, PAGES + 20);
    for (int i = 1; i < 20; i++) {
      backup.transaction(PAGES + 20, PAGES + i);
    }
    RestoreResult result = restore(RestoreListener.NONE);
    assertRestored();
    assertThat(result.bytesRead()).isLessThan(bytesOfWholeRestore() / 2);
  }

  @Test
  void aShorterDatabaseIsCut() throws IOException {
    backup.transaction(900, 1);
    restore(RestoreListener.NONE);
    assertRestored();
  }

  @Test
  void damagedPagesAndRecordsAreReadAnew() throws IOException {
    try (FileChannel file = FileChannel.open(leftover(false), StandardOpenOption.WRITE)) {
      for (int page = 1; page < 4000; page += 300) {
        file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), page * 4096L);
      }
    }
    try (FileChannel file = FileChannel.open(leftover(true), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(100), 160);
      file.truncate(file.size() - 5);
    }
    restore(RestoreListener.NONE);
    assertRestored();
  }

  @Test
  void aForeignJournalHarmsNothing() throws IOException {
    Files.write(leftover(true), new byte[100_000]);
    restore(RestoreListener.NONE);
    assertRestored();
  }

  @Test
  void aSmallerLeftoverGives() throws IOException {
    Path other = directory.resolve(".app.db.sluice-restore-2");
    Files.writeString(other, "x");
    Files.write(PieceJournal.of(other), new byte[16]);
    Path alone = Files.createFile(directory.resolve(".app.db.sluice-restore-3-pieces"));
    RestoreResult result = restore(RestoreListener.NONE);
    assertRestored();
    assertThat(other).doesNotExist();
    assertThat(alone).doesNotExist();
    assertThat(result.bytesRead()).isLessThan(bytesOfWholeRestore() / 2);
  }

  @Test
  void aDatabaseThatGotItsNameIsNotTouched() throws IOException {
    // As if it had been killed between giving the name and removing the temporary one.
    Path live = Files.createLink(directory.resolve("live.db"), leftover(false));
    byte[] content = Files.readAllBytes(live);
    backup.transaction(PAGES - 100, IntStream.rangeClosed(1, 3000).toArray());
    restore(RestoreListener.NONE);
    assertRestored();
    assertThat(Files.readAllBytes(live)).isEqualTo(content);
  }

  @Test
  void theResultIsVerifiedAsAWhole() throws IOException {
    backup.snapshot(Map.of(Restore.POSITION, "0000000000000001/8000000000000001"));
    assertThatThrownBy(() -> restore(RestoreListener.NONE))
        .isInstanceOf(ChecksumMismatchException.class);
    assertThat(directory).isEmptyDirectory();
  }
}
