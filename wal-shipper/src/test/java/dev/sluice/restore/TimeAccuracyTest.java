package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.DirectoryStore;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Restoring to a time gives exactly the commits up to it, as finely as files end. */
final class TimeAccuracyTest {
  private static final int COMMITS = 200;
  private static final int COMPACTED = 100;

  private final long seed = new Random().nextLong();
  private final List<Instant> times = new ArrayList<>(List.of(Instant.EPOCH));
  private final List<byte[]> states = new ArrayList<>(List.of(new byte[0]));

  @Test
  void ofA200CommitsOnS3(@TempDir Path directory) throws IOException {
    check(new InMemoryStore(), StoreLayout.of("s3", "app.db"), directory, 1);
  }

  @Test
  void ofA200CommitsInADirectory(@TempDir Path directory) throws IOException {
    try (ObjectStore files = new DirectoryStore(directory.resolve("store"))) {
      check(files, StoreLayout.of("file", "app.db"), directory, 10);
    }
  }

  /**
   * @param step every so many commits the whole restore is done; the plan always
   */
  private void check(ObjectStore store, StoreLayout layout, Path directory, int step)
      throws IOException {
    Backup backup = new Backup(store, layout, 512);
    Random random = new Random(seed);
    Instant time = Instant.parse("2026-11-23T14:00:00.123Z");
    for (int i = 1; i <= COMMITS; i++) {
      // Some within the same millisecond: then the last of them is the state of that time.
      time = time.plusMillis(i % 10 == 0 ? 0 : 1 + random.nextInt(2000));
      times.add(time);
    }
    backup.times(txid -> times.get((int) txid));
    for (int i = 1; i <= COMMITS; i++) {
      backup.transaction(5 + i / 50, i == 1 ? new int[] {1, 2, 3, 4, 5} : pages(i));
      states.add(backup.database());
    }

    Path out = directory.resolve("app.db");
    for (int i = 1; i <= COMMITS; i++) {
      plan(store, layout, times.get(i), last(i));
      plan(store, layout, times.get(i).plusNanos(999_999), last(i));
      if (i > 1 && times.get(i).isAfter(times.get(i - 1))) {
        plan(store, layout, times.get(i).minusNanos(1), i - 1);
      }
      if (i % step == 0) {
        expect(store, layout, times.get(i), last(i), out);
      }
    }
    assertThatThrownBy(
            () -> restore(store, layout, times.get(1).minusNanos(1), directory.resolve("no.db")))
        .isInstanceOf(NotRestorableException.class)
        .hasMessageContaining("nearest it can: 0000000000000001 (")
        .hasMessageContaining(RestorePoint.local(times.get(1)));

    // Compacted, only the ends of the new files are left.
    for (int from = 2; from <= COMPACTED; from += 11) {
      backup.compact(from, from + 10);
    }
    for (int i = 1; i <= COMMITS; i++) {
      int end = last(i);
      while (end > 1 && end <= COMPACTED && (end - 1) % 11 != 0) {
        end--;
      }
      plan(store, layout, times.get(i), end);
      if (i % 20 == 0) {
        expect(store, layout, times.get(i), end, out);
      }
    }
  }

  private static int[] pages(int i) {
    return i % 50 == 0 ? new int[] {2, 5 + i / 50} : new int[] {1 + i % 5};
  }

  /** The last transaction with the time of transaction {@code i}. */
  private int last(int i) {
    int last = i;
    while (last < COMMITS && times.get(last + 1).equals(times.get(i))) {
      last++;
    }
    return last;
  }

  private void plan(ObjectStore store, StoreLayout layout, Instant time, int txid)
      throws IOException {
    RestoreTarget target = RestoreTarget.time(time);
    assertThat(RestorePlan.of(StoreListing.read(store, layout), target).txid())
        .as("at %s, seed %d", time, seed)
        .isEqualTo(txid);
  }

  private void expect(ObjectStore store, StoreLayout layout, Instant time, int txid, Path out)
      throws IOException {
    assertThat(restore(store, layout, time, out).position().txid())
        .as("at %s, seed %d", time, seed)
        .isEqualTo(txid);
    assertThat(Files.readAllBytes(out)).isEqualTo(states.get(txid));
  }

  private static RestoreResult restore(
      ObjectStore store, StoreLayout layout, Instant time, Path out) throws IOException {
    RestoreOptions options =
        RestoreOptions.DEFAULT.withTarget(RestoreTarget.time(time)).withForce(true).withThreads(1);
    return Restore.run(store, layout, options, out);
  }
}
