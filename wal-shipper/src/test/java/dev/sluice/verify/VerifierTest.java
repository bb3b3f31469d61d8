package dev.sluice.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.restore.Backup;
import dev.sluice.restore.DatabaseCheck;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.MovedClock;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class VerifierTest {
  private static final Duration INTERVAL = Duration.ofHours(24);

  private final Path state;
  private final MovedClock clock = new MovedClock();
  private final List<Verifier.Backup> backups = new ArrayList<>();

  VerifierTest(@TempDir Path state) {
    this.state = state;
  }

  private final class Stored {
    final String name;
    final InMemoryStore memory = new InMemoryStore();
    final FaultyStore store = new FaultyStore(memory);
    final StoreLayout layout = StoreLayout.of("s3", "");
    final Backup backup = new Backup(memory, layout, 4096);
    final List<String> keys = new ArrayList<>();

    Stored(String name) throws IOException {
      this.name = name;
      for (int i = 0; i < 3; i++) {
        keys.add(backup.transaction(3, 1, 2, 3));
      }
      list(backup.position());
    }

    String url() {
      return "s3://b/" + name;
    }

    void list(@Nullable Position shipped) {
      backups.removeIf(listed -> listed.database().equals(name));
      backups.add(
          new Verifier.Backup(
              name,
              Path.of("data", name),
              3 * 4096,
              shipped,
              new Destination(store, layout, url(), url())));
    }

    void damage(String key) {
      memory.damage(
          key,
          bytes -> {
            bytes[bytes.length - 1] ^= 1;
            return bytes;
          });
    }
  }

  private Verifier verifier() {
    return new Verifier(() -> backups, INTERVAL, state, DatabaseCheck.NONE, clock);
  }

  private VerificationStatus next(Verifier verifier, Stored of) {
    verifier.verifyNext();
    return verifier.status(of.name, of.url());
  }

  private void nothingIsLeft() throws IOException {
    try (Stream<Path> left = Files.list(state.resolve("verify"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aSoundBackupIsVerifiedOnceAnInterval() throws IOException {
    Stored a = new Stored("a.db");
    Verifier verifier = verifier();
    assertThat(verifier.status(a.name, a.url()).result()).isEqualTo(VerificationStatus.PENDING);
    long first = clock.millis();
    assertThat(next(verifier, a))
        .isEqualTo(new VerificationStatus(VerificationStatus.SOUND, first, null, null));
    nothingIsLeft();
    clock.move(INTERVAL.minusMillis(1));
    assertThat(next(verifier, a).millis()).isEqualTo(first);
    clock.move(Duration.ofMillis(1));
    assertThat(next(verifier, a).millis()).isEqualTo(clock.millis());
  }

  @Test
  void severalTakeTurnsWithRests() throws IOException {
    Stored a = new Stored("a.db");
    Stored b = new Stored("b.db");
    Verifier verifier = verifier();
    verifier.verifyNext();
    assertThat(next(verifier, b).result()).isEqualTo(VerificationStatus.PENDING);
    clock.move(Duration.ofMinutes(10));
    assertThat(next(verifier, b).result()).isEqualTo(VerificationStatus.SOUND);
    clock.move(INTERVAL.minusMinutes(10));
    assertThat(next(verifier, a).millis()).isEqualTo(clock.millis());
    assertThat(verifier.status(b.name, b.url()).millis()).isLessThan(clock.millis());
  }

  @Test
  void whatIsNotShippedYetWaits() throws IOException {
    Stored a = new Stored("a.db");
    a.list(null);
    Verifier verifier = verifier();
    assertThat(next(verifier, a).result()).isEqualTo(VerificationStatus.PENDING);
  }

  @Test
  void damageIsFoundAndSaysWhereAndWhatToDo() throws IOException {
    Stored a = new Stored("a.db");
    a.damage(a.keys.get(0));
    Verifier verifier = verifier();
    VerificationStatus found = next(verifier, a);
    assertThat(found.result()).isEqualTo(VerificationStatus.FAILED);
    assertThat(found.error())
        .startsWith("the backup at s3://b/a.db can't be restored: ")
        .contains(a.keys.get(0))
        .endsWith(
            "; after a further commit put a new snapshot there with 'sluice snapshot data/a.db',"
                + " then see 'sluice verify s3://b/a.db'");
    nothingIsLeft();
    a.backup.transaction(3, 1);
    a.backup.snapshot(Map.of());
    clock.move(INTERVAL);
    assertThat(next(verifier, a).result()).isEqualTo(VerificationStatus.SOUND);
  }

  @Test
  void aNewestStateThatIsGoneIsFound() throws IOException {
    Stored a = new Stored("a.db");
    a.memory.delete(List.of(a.keys.get(2)));
    VerificationStatus found = next(verifier(), a);
    assertThat(found.result()).isEqualTo(VerificationStatus.FAILED);
    assertThat(found.error()).contains("gives no newer state than 0000000000000002/");
  }

  @Test
  void missingTransactionsAreIncomplete() throws IOException {
    Stored a = new Stored("a.db");
    a.backup.lost(3, 1);
    a.backup.wholeTransaction(3, 2);
    a.list(a.backup.position());
    VerificationStatus found = next(verifier(), a);
    assertThat(found.result()).isEqualTo(VerificationStatus.INCOMPLETE);
    assertThat(found.error()).contains("is sound, but has no transactions in 1 place,");
    assertThat(found.isBad()).isFalse();
  }

  @Test
  void aStoreThatIsAwayIsNotADamagedBackup() throws IOException {
    Stored a = new Stored("a.db");
    Verifier verifier = verifier();
    long first = clock.millis();
    next(verifier, a);
    clock.move(INTERVAL);
    a.store.inject(Fault.UNAVAILABLE, Operation.LIST, "", 0, 2);
    VerificationStatus found = next(verifier, a);
    assertThat(found.result()).isEqualTo(VerificationStatus.SOUND);
    assertThat(found.millis()).isEqualTo(first);
    assertThat(found.error()).isNull();
    assertThat(found.postponed()).contains("unavailable");
    // After a minute, then after two.
    clock.move(Duration.ofMinutes(1));
    next(verifier, a);
    clock.move(Duration.ofMinutes(1));
    assertThat(next(verifier, a).postponed()).isNotNull();
    clock.move(Duration.ofMinutes(1));
    found = next(verifier, a);
    assertThat(found.postponed()).isNull();
    assertThat(found.millis()).isEqualTo(clock.millis());
    nothingIsLeft();
  }

  @Test
  void anEmptyStoreIsAnErrorAndLookedAtAgainSoon() throws IOException {
    Stored a = new Stored("a.db");
    a.memory.delete(a.keys);
    Verifier verifier = verifier();
    VerificationStatus found = next(verifier, a);
    assertThat(found.result()).isEqualTo(VerificationStatus.MISSING);
    assertThat(found.error()).contains("see that what it lies on is mounted");
    a.backup.snapshot(Map.of());
    clock.move(Duration.ofMinutes(10));
    // Also after a restart.
    assertThat(next(verifier(), a).result()).isEqualTo(VerificationStatus.SOUND);
    assertThat(next(verifier, a).result()).isEqualTo(VerificationStatus.SOUND);
  }

  @Test
  void withoutRoomNothingIsWritten() throws IOException {
    Stored a = new Stored("a.db");
    Verifier.Backup listed = backups.get(0);
    backups.set(
        0,
        new Verifier.Backup(
            a.name, listed.file(), Long.MAX_VALUE / 4, listed.shipped(), listed.to()));
    assertThat(next(verifier(), a).postponed()).contains("room for 2 times the database");
    nothingIsLeft();
  }

  @Test
  void verdictsOutliveARestartAndAreOfWhatThereIs() throws IOException {
    Stored a = new Stored("a.db");
    Stored b = new Stored("b.db");
    Verifier before = verifier();
    before.verifyNext();
    clock.move(Duration.ofMinutes(10));
    before.verifyNext();
    VerificationStatus found = before.status(a.name, a.url());
    backups.removeIf(listed -> listed.database().equals(b.name));
    Verifier after = verifier();
    assertThat(after.status(a.name, a.url())).isEqualTo(found);
    assertThat(next(after, a)).isEqualTo(found);
    clock.move(INTERVAL);
    next(after, a);
    assertThat(verifier().status(b.name, b.url()).result()).isEqualTo(VerificationStatus.PENDING);
    Files.writeString(state.resolve("verified.json"), "{");
    assertThat(verifier().status(a.name, a.url()).result()).isEqualTo(VerificationStatus.PENDING);
  }

  @Test
  void leftOversOfAKillAreDeleted() throws IOException {
    Verifier.deleteLeftOvers(state);
    Path left = Files.createDirectories(state.resolve("verify/.sluice-verify-1"));
    Files.writeString(left.resolve(".verified.db.sluice-restore-1"), "x");
    Verifier.deleteLeftOvers(state);
    assertThat(state).isEmptyDirectory();
  }

  @Test
  void aStopEndsWhatIsUnderWay() throws Exception {
    Stored a = new Stored("a.db");
    CountDownLatch reached = new CountDownLatch(1);
    DatabaseCheck waits =
        database -> {
          reached.countDown();
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
          }
        };
    Verifier verifier = new Verifier(() -> backups, Duration.ofSeconds(1), state, waits, clock);
    verifier.start();
    reached.await();
    verifier.close();
    nothingIsLeft();
    assertThat(verifier.status(a.name, a.url()).postponed()).isNull();
  }
}
