package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.InMemoryStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the store of a cluster has, and a node that becomes the primary has not. */
@Timeout(60)
final class RollForwardTest {
  private static final long SEED = 7;

  private final Path directory;
  private final Destination place =
      new Destination(new InMemoryStore(), StoreLayout.of("file", ""), "memory", "memory");
  private final List<Databases> opened = new ArrayList<>();
  private final PageModel model = new PageModel(SEED, 512);
  private final Database primary;
  private int told;

  RollForwardTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    this.primary = open("primary");
  }

  @AfterEach
  void close() {
    opened.forEach(Databases::close);
  }

  private Database open(String name) throws IOException {
    Databases databases = Databases.open(directory.resolve(name + "/db"));
    opened.add(databases);
    return databases.open("app.db");
  }

  /** Commits, and ships so many transactions in a file. */
  private void ship(int transactions, int perFile) throws IOException {
    try (Shipper shipper =
        new Shipper(
            "0123456789abcdef",
            opened.get(0),
            name -> List.of(place),
            new Snapshots(
                directory.resolve("tmp"), (name, pgno, target) -> model.read(pgno, target)),
            ShippingPolicy.DEFAULT,
            new LogLimits(0, 1 << 30),
            Clock.systemUTC(),
            false)) {
      for (int i = 1; i <= transactions; i++) {
        if (i % 4 == 0) {
          model.grow(2);
        }
        model.commit(primary, model.change());
        if (i % perFile == 0) {
          assertThat(shipper.flush()).isTrue();
        }
      }
      assertThat(shipper.flush()).isTrue();
    }
  }

  /** A node that has the first transactions of the primary. */
  private Database follower(PageModel same, int transactions) throws IOException {
    Database database = open("follower");
    for (int i = 1; i <= transactions; i++) {
      if (i % 4 == 0) {
        same.grow(2);
      }
      same.commit(database, same.change());
    }
    return database;
  }

  private boolean run(Database database) throws IOException {
    return RollForward.run(database, place, () -> told++, directory.resolve("tmp2"));
  }

  private void assertIsAsThePrimary(Database database) {
    assertThat(database.position().checksum()).isEqualTo(primary.position().checksum());
    assertThat(database.recomputeChecksum()).isEqualTo(primary.position().checksum());
    assertThat(database.pageSums()).isEqualTo(primary.pageSums());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7})
  void takesWhatItLacks(int perFile) throws IOException {
    ship(15, perFile);
    Database follower = follower(new PageModel(SEED, 512), 10);
    assertThat(primary.log().contains(follower.position())).isTrue();
    assertThat(run(follower)).isTrue();
    assertThat(follower.position()).isEqualTo(primary.position());
    assertIsAsThePrimary(follower);
    assertThat(told).isEqualTo(1);
    assertThat(run(follower)).isFalse();
    assertThat(told).isEqualTo(1);
  }

  @Test
  void takesAllThatItNeverHeardOf() throws IOException {
    ship(5, 1);
    Database empty = open("empty");
    assertThat(run(empty)).isTrue();
    assertThat(empty.position()).isEqualTo(primary.position());
    assertIsAsThePrimary(empty);
  }

  @Test
  void takesNothingWhereItHasMore() throws IOException {
    ship(5, 1);
    Database follower = follower(new PageModel(SEED, 512), 6);
    Position before = follower.position();
    assertThat(run(follower)).isFalse();
    assertThat(follower.position()).isEqualTo(before);
    assertThat(run(open("other"))).isTrue();
  }

  @Test
  void takesNothingFromAnEmptyStore() throws IOException {
    assertThat(run(follower(new PageModel(SEED, 512), 3))).isFalse();
  }

  /** Another primary went on without what only this node had got from the one before. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void takesBackWhatTheStoreNeverGot(int own) throws IOException {
    ship(15, 1);
    PageModel same = new PageModel(SEED, 512);
    Database follower = follower(same, 12);
    for (int i = 0; i < own; i++) {
      same.grow(3);
      same.commit(follower, same.allPages());
    }
    Position before = follower.position();
    assertThat(run(follower)).isTrue();
    assertIsAsThePrimary(follower);
    assertThat(follower.position().txid()).isGreaterThan(before.txid());
    assertThat(follower.log().contains(before)).as("its own followers can go on").isTrue();
    assertThat(run(follower)).isFalse();
  }

  @Test
  void anotherDatabaseIsNotTaken() throws IOException {
    ship(15, 1);
    Database other = follower(new PageModel(SEED + 1, 512), 10);
    Position before = other.position();
    assertThatThrownBy(() -> run(other))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("holds another history");
    assertThat(other.position()).isEqualTo(before);
  }
}
