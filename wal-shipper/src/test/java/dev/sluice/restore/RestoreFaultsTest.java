package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.store.Backoff;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong with stores and disks while a database is restored. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class RestoreFaultsTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "app.db");
  private static final Backoff SOON = new Backoff(9, Duration.ofMillis(1), Duration.ofMillis(2));

  private final InMemoryStore memory = new InMemoryStore();
  private final FaultyStore faulty = new FaultyStore(memory);
  private final Backup backup = new Backup(memory, LAYOUT, 4096);
  private final Path target;
  private final Path directory;

  RestoreFaultsTest(@TempDir Path directory) {
    this.directory = directory;
    target = directory.resolve("app.db");
  }

  private static int[] pages(int from, int to) {
    return IntStream.rangeClosed(from, to).toArray();
  }

  private void assertRestored() throws IOException {
    assertThat(Files.readAllBytes(target)).isEqualTo(backup.database());
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(target);
    }
  }

  @Test
  void streamsThatBreakOffAreRepeated() throws IOException {
    backup.transaction(3000, pages(1, 3000));
    backup.transaction(3000, pages(100, 200));
    faulty.inject(Fault.CUT, Operation.GET, "", 0, 2);
    faulty.inject(Fault.UNAVAILABLE, Operation.GET, "", 3, 2);
    faulty.inject(Fault.CUT, Operation.GET, "", 7, 1);
    faulty.inject(Fault.UNAVAILABLE, Operation.LIST, "", 0, 1);
    faulty.inject(Fault.UNAVAILABLE, Operation.HEAD, "", 0, 1);

    Restore.run(new RetryingStore(faulty, SOON), LAYOUT, RestoreOptions.DEFAULT, target);
    assertRestored();
  }

  @Test
  void streamsOfLitestream3AreGoneOnWith(@TempDir Path other) throws IOException {
    Path replica = Vectors.copy("litestream-v0.3", other.resolve("replica"));
    try (ObjectStore files = new DirectoryStore(replica)) {
      FaultyStore store = new FaultyStore(files);
      store.inject(Fault.CUT, Operation.GET, "", 0, 9);
      Restore.run(store, StoreLayout.of("file", ""), RestoreOptions.DEFAULT, target);
      assertThat(Vectors.sha256(target))
          .isEqualTo(Vectors.expected("litestream-v0.3").at("/latest/sha256").textValue());
    }
  }

  @Test
  void filesCompactedWhileTheyAreReadAreFoundAnew() throws IOException {
    String first = backup.transaction(9000, pages(1, 9000));
    String snapshot = backup.snapshot(Map.of());
    memory.delete(List.of(snapshot));
    int[] calls = {0};
    ObjectStore vanishing =
        new MeteredStore(
            memory,
            request -> {
              // After some pieces of the file are read.
              if (request.operation() == Operation.GET && ++calls[0] == 20) {
                try {
                  backup.snapshot(Map.of());
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
                memory.delete(List.of(first));
              }
            });
    Restore.run(vanishing, LAYOUT, RestoreOptions.DEFAULT.withThreads(1), target);
    assertRestored();
    assertThat(calls[0]).isGreaterThan(20);
  }

  @Test
  void aStoreFarAwayIsReadAhead() throws IOException {
    backup.transaction(9000, pages(1, 9000));
    backup.transaction(9000, pages(4000, 4100));
    StoreStats stats = new StoreStats();
    RestoreOptions options = RestoreOptions.of("s3");
    Restore.run(new MeteredStore(memory, stats), LAYOUT, options, target);
    assertRestored();
    // 10 blocks, the file's ends, and what the second file and stragglers need.
    assertThat(stats.requests(Operation.GET)).isLessThan(30);

    faulty.inject(Fault.CUT, Operation.GET, "", 6, 2);
    faulty.inject(Fault.UNAVAILABLE, Operation.GET, "", 9, 2);
    ObjectStore store = new RetryingStore(faulty, SOON);
    Restore.run(store, LAYOUT, options.withForce(true), target);
    assertRestored();

    // Gaps in what is wanted of the large file.
    backup.transaction(9000, pages(100, 8000));
    RestoreOptions full = options.withIntegrity(IntegrityCheck.FULL, DatabaseCheck.NONE);
    Restore.run(memory, LAYOUT, full.withForce(true), target);
    assertRestored();

    faulty.inject(Fault.BROKEN, Operation.GET, "", 8, 100);
    assertThatThrownBy(() -> Restore.run(faulty, LAYOUT, options.withForce(true), target))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("injected");
  }

  @Test
  void manySmallFilesTakeOneRequestEach() throws IOException {
    backup.transaction(20, pages(1, 20));
    for (int i = 0; i < 300; i++) {
      backup.transaction(20, 1 + i % 20);
    }
    StoreStats stats = new StoreStats();
    Restore.run(new MeteredStore(memory, stats), LAYOUT, RestoreOptions.DEFAULT, target);
    assertRestored();
    assertThat(stats.requests(Operation.GET)).isEqualTo(301);
    assertThat(stats.requests()).isLessThan(305);
  }

  @Test
  void aFullDiskIsFoundBeforehandOrLeavesNothing(@TempDir Path disk) throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can make a small disk");
    backup.transaction(3000, pages(1, 3000));
    Process mounted =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString())
            .start();
    assumeTrue(mounted.waitFor() == 0, "a small disk cannot be mounted here");
    try {
      Path out = disk.resolve("app.db");
      assertThatThrownBy(() -> Restore.run(memory, LAYOUT, RestoreOptions.DEFAULT, out))
          .isInstanceOf(FileSystemException.class)
          .hasMessageContaining("the database takes 12,288,000 bytes more, its file system has");
      assertThat(disk).isEmptyDirectory();

      Backup fits = new Backup(memory, StoreLayout.of("s3", "fits.db"), 4096);
      fits.transaction(1800, pages(1, 1800));
      Path ballast = disk.resolve("ballast");
      RestoreOptions filling =
          RestoreOptions.DEFAULT
              .withThreads(1)
              .withListener(
                  (written, total) -> {
                    try {
                      Files.write(ballast, new byte[1 << 20]);
                    } catch (IOException e) {
                      assertThat(e).hasMessageContaining("space");
                    }
                  });
      assertThatThrownBy(() -> Restore.run(memory, StoreLayout.of("s3", "fits.db"), filling, out))
          .isInstanceOf(FileSystemException.class)
          .hasMessageContaining(out + ": writing it failed: No space left on device");
      assertThat(disk.toFile().list()).containsExactly("ballast");
    } finally {
      new ProcessBuilder("umount", disk.toString()).start().waitFor();
    }
  }
}
