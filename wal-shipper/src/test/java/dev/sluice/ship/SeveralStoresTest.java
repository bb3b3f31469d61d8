package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.Snapshots;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two stores of one database, one of which is in trouble. */
@Timeout(60)
final class SeveralStoresTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "");

  private final Path directory;
  private final PageModel model = new PageModel(11, 512);
  private final FaultyStore bad = new FaultyStore(new InMemoryStore());
  private final ObjectStore good = new InMemoryStore();
  private final Databases databases;
  private final Database database;
  private final Shipper shipper;

  SeveralStoresTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    databases = Databases.open(directory.resolve("state/db"));
    database = databases.open("app.db");
    shipper =
        new Shipper(
            "0123456789abcdef",
            databases,
            name ->
                List.of(
                    new Destination(bad, LAYOUT, "bad", "bad"),
                    new Destination(good, LAYOUT, "good", "good")),
            new Snapshots(directory.resolve("tmp"), (name, pgno, to) -> model.read(pgno, to)),
            new ShippingPolicy(
                Duration.ofMillis(10),
                List.of(Duration.ofMillis(50), Duration.ofMillis(200)),
                Duration.ofMillis(500),
                Duration.ofSeconds(1),
                Duration.ofMillis(100)),
            new LogLimits(0, 1 << 30),
            Clock.systemUTC(),
            false);
  }

  @AfterEach
  void close() {
    bad.heal();
    databases.close();
  }

  private void commit() throws IOException {
    model.commit(database, model.change());
  }

  private void assertRestores(ObjectStore from) throws IOException {
    Path out = directory.resolve("restored.db");
    assertThat(Restore.run(from, LAYOUT, RestoreOptions.DEFAULT.withForce(true), out).position())
        .isEqualTo(database.position());
    assertThat(Files.readAllBytes(out)).isEqualTo(model.bytes());
  }

  private void awaitGood() throws InterruptedException {
    while (!database.position().toString().equals(status("good").shipped())) {
      Thread.sleep(5);
    }
  }

  private StoreStatus status(String url) {
    return shipper.status("app.db").stream()
        .filter(status -> status.url().equals(url))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void oneThatHangsHoldsUpNoOther() throws Exception {
    bad.inject(Fault.HELD, Operation.PUT, "", 0, Integer.MAX_VALUE);
    shipper.start();
    for (int i = 0; i < 20; i++) {
      commit();
      awaitGood();
    }
    assertRestores(good);
    assertThat(status("bad").shipped()).isNull();
    // What it lacks is kept for it.
    assertThat(database.log().after(0, 1)).hasSize(1);
    bad.heal();
    assertThat(shipper.sync(database).get(30, TimeUnit.SECONDS)).isEqualTo(database.position());
    assertRestores(bad);
    shipper.close();
  }

  @Test
  void stoppingDoesNotHang() throws Exception {
    bad.inject(Fault.HELD, Operation.PUT, "", 0, Integer.MAX_VALUE);
    shipper.start();
    commit();
    assertThatThrownBy(() -> shipper.close(200)).hasMessageContaining("not everything");
    assertRestores(good);
  }

  @Test
  void oneThatRefusesIsTriedAgainByItself() throws Exception {
    bad.inject(Fault.UNAVAILABLE, Operation.PUT, "", 0, 3);
    bad.inject(Fault.AMBIGUOUS, Operation.PUT, "", 3, 2);
    shipper.start();
    commit();
    assertThatThrownBy(() -> shipper.sync(database).get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("bad: ");
    assertThat(status("bad").error()).contains("unavailable");
    assertThat(status("good").error()).isNull();
    for (int i = 0; i < 10; i++) {
      commit();
    }
    while (!database.position().toString().equals(status("bad").shipped())) {
      Thread.sleep(5);
    }
    assertThat(status("bad").error()).isNull();
    assertRestores(bad);
    assertRestores(good);
    shipper.close();
  }

  /** Real timers, all of the policy within seconds. */
  @Test
  void levelsSnapshotsAndRetentionGoOnByThemselves() throws Exception {
    shipper.start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(4);
    while (System.nanoTime() < end) {
      commit();
      Thread.sleep(5);
    }
    shipper.close();
    for (ObjectStore store : List.of(bad, good)) {
      assertRestores(store);
      for (int level : List.of(0, 1, 2, StoreLayout.SNAPSHOT_LEVEL)) {
        try (var files = store.list(LAYOUT.levelPrefix(level), "")) {
          assertThat(files.count()).as("files of level " + level).isBetween(1L, 60L);
        }
      }
    }
  }
}
