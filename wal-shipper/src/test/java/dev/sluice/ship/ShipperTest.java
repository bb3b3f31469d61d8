package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.Snapshots;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreResult;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway") // JUnit sets the fields.
final class ShipperTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "");
  private static final ShippingPolicy POLICY =
      new ShippingPolicy(
          Duration.ofHours(1),
          List.of(Duration.ofDays(1)),
          Duration.ofDays(1),
          Duration.ofDays(1),
          Duration.ofDays(1));
  private static final long MAX_LOG_BYTES = 1 << 30;
  private static final long KEEP_LOG_BYTES = 1 << 20;

  @TempDir private Path directory;
  private final PageModel model = new PageModel(11, 512);
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicBoolean away = new AtomicBoolean();
  private ObjectStore store;
  private Databases databases;
  private Database database;

  @BeforeEach
  void open() throws IOException {
    store = new WatchedStore(new DirectoryStore(directory.resolve("store")), requests, away);
    databases = Databases.open(directory.resolve("state"));
    database = databases.open("app.db");
  }

  @AfterEach
  void close() throws IOException {
    databases.close();
    store.close();
  }

  private Shipper shipper() {
    return shipper(model);
  }

  private Shipper shipper(PageModel of) {
    return shipper("0123456789abcdef", of);
  }

  private Shipper shipper(String nodeId, PageModel of) {
    return new Shipper(
        nodeId,
        databases,
        name -> List.of(new Destination(store, LAYOUT, "file:///store", "store")),
        new Snapshots(directory.resolve("tmp"), (name, pgno, target) -> of.read(pgno, target)),
        POLICY,
        new LogLimits(KEEP_LOG_BYTES, MAX_LOG_BYTES),
        Clock.systemUTC(),
        false);
  }

  private RestoreResult restore() throws IOException {
    return Restore.run(
        store, LAYOUT, RestoreOptions.DEFAULT.withForce(true), directory.resolve("restored.db"));
  }

  private void assertRestores() throws IOException {
    assertThat(restore().position()).isEqualTo(database.position());
    assertThat(Files.readAllBytes(directory.resolve("restored.db"))).isEqualTo(model.bytes());
  }

  @Test
  void batchesRestoreToTheDatabase() throws IOException {
    try (Shipper shipper = shipper()) {
      for (int batch = 0; batch < 10; batch++) {
        for (int i = 0; i <= batch; i++) {
          model.commit(database, model.change());
        }
        assertThat(shipper.flush()).isTrue();
        assertRestores();
      }
    }
  }

  @Test
  void largeTransactionsAreTakenFromTheLogAsTheyStand() throws IOException {
    try (Shipper shipper = shipper()) {
      for (int i = 0; i < 2; i++) {
        model.grow(10_000);
        model.commit(database, model.change());
        assertThat(shipper.flush()).isTrue();
        assertRestores();
      }
    }
  }

  @Test
  void aRestartContinuesWithoutPuttingAnythingTwice() throws IOException {
    for (int round = 0; round < 5; round++) {
      model.commit(database, model.change());
      try (Shipper shipper = shipper()) {
        assertThat(shipper.flush()).isTrue();
      }
      close();
      open();
    }
    assertRestores();
  }

  @Test
  void anIdleDatabaseMakesNoRequest() throws IOException {
    try (Shipper shipper = shipper()) {
      model.commit(database, model.change());
      shipper.flush();
      int before = requests.get();
      for (int i = 0; i < 10; i++) {
        shipper.flush();
      }
      assertThat(requests.get()).isEqualTo(before);
    }
  }

  @Test
  void nothingIsLostWhileTheStoreIsAway() throws IOException {
    try (Shipper shipper = shipper()) {
      away.set(true);
      for (int i = 0; i < 20; i++) {
        model.commit(database, model.change());
        assertThat(shipper.flush()).isFalse();
      }
      assertThat(shipper.error("app.db")).contains("away");
      assertThat(shipper.status("app.db").get(0).shipped()).isNull();
      away.set(false);
      assertThat(shipper.flush()).isTrue();
      assertThat(shipper.error("app.db")).isNull();
      assertRestores();
    }
  }

  @Test
  void anotherHistoryIsNotMixedIn() throws IOException {
    model.commit(database, model.change());
    try (Shipper shipper = shipper()) {
      shipper.flush();
    }
    Databases others = Databases.open(directory.resolve("other"));
    Database other = others.open("app.db");
    PageModel otherModel = new PageModel(12, 512);
    otherModel.commit(other, otherModel.change());
    otherModel.commit(other, otherModel.change());
    Databases ours = databases;
    databases = others;
    Shipper shipper = shipper();
    try {
      assertThat(shipper.flush()).isFalse();
      assertThat(shipper.error("app.db"))
          .contains("holds another history")
          .contains("another place");
      assertThatThrownBy(shipper::close).hasMessageContaining("not everything is in the store");
    } finally {
      databases = ours;
      others.close();
    }
    assertRestores();
  }

  @Test
  void aSecondWriterFindsOut() throws IOException {
    model.commit(database, model.change());
    Databases copies = Databases.open(directory.resolve("copy"));
    PageModel copyModel = new PageModel(11, 512);
    Database copy = copies.open("app.db");
    copyModel.commit(copy, copyModel.change());
    assertThat(copy.position()).isEqualTo(database.position());
    Databases ours = databases;
    try (Shipper first = shipper()) {
      first.flush();
      databases = copies;
      Shipper second = shipper(copyModel);
      assertThat(second.flush()).isTrue();
      copyModel.grow(1);
      copyModel.commit(copy, copyModel.change());
      model.commit(database, model.change());
      assertThat(first.flush()).isTrue();
      assertThat(second.flush()).isFalse();
      assertThat(second.error("app.db")).contains("another writer has put");
      assertThatThrownBy(second::close).hasMessageContaining("not everything is in the store");
    } finally {
      databases = ours;
      copies.close();
    }
    assertRestores();
  }

  @Test
  void anotherNodeThatMayNotWriteThereTakesNothingAway() throws IOException {
    model.commit(database, model.change());
    Databases others = Databases.open(directory.resolve("other"));
    Database other = others.open("app.db");
    PageModel otherModel = new PageModel(12, 512);
    otherModel.commit(other, otherModel.change());
    Databases ours = databases;
    try (Shipper first = shipper()) {
      assertThat(first.flush()).isTrue();
      String claim = Files.readString(directory.resolve("store/sluice-writer"));
      databases = others;
      Shipper second = shipper("other", otherModel);
      assertThat(second.flush()).isFalse();
      assertThat(second.error("app.db")).contains("holds another history");
      assertThatThrownBy(second::close).hasMessageContaining("not everything is in the store");
      assertThat(directory.resolve("store/sluice-writer")).hasContent(claim.strip());
    } finally {
      databases = ours;
      others.close();
    }
    assertThat(directory.resolve("store/sluice-writer")).doesNotExist();
    assertRestores();
  }

  /** As of a store that lists what was put a while later. */
  @Test
  void aListingWithoutTheNewestFilesLosesNothing() throws IOException {
    try (Shipper shipper = shipper()) {
      for (int i = 0; i < 3; i++) {
        model.commit(database, model.change());
        assertThat(shipper.flush()).isTrue();
      }
    }
    ObjectStore current = store;
    for (int hidden = 1; hidden <= 3; hidden++) {
      int missing = hidden;
      store =
          new ForwardingStore(current) {
            @Override
            protected void before() {}

            @Override
            public Stream<ObjectInfo> list(String prefix, String startAfter) throws IOException {
              List<ObjectInfo> all =
                  super.list(prefix, startAfter)
                      .sorted(Comparator.comparing(ObjectInfo::key))
                      .toList();
              return all.subList(0, Math.max(0, all.size() - missing)).stream();
            }
          };
      try (Shipper shipper = shipper()) {
        model.commit(database, model.change());
        assertThat(shipper.flush()).isTrue();
      }
      store = current;
      assertRestores();
    }
  }

  @Test
  void aLogThatBeginsLaterIsLedByASnapshot() throws IOException {
    PageModel large = new PageModel(5, 65_536);
    while (database.log().sizeBytes() < 20 << 20) {
      large.commit(database, large.change());
    }
    database.log().trim(0, Long.MAX_VALUE);
    try (Shipper shipper = shipper(large)) {
      assertThat(shipper.flush()).isTrue();
    }
    assertThat(restore().position()).isEqualTo(database.position());
    assertThat(Files.readAllBytes(directory.resolve("restored.db"))).isEqualTo(large.bytes());
  }

  @Test
  void anotherPageSizeIsLedByASnapshot() throws IOException {
    try (Shipper shipper = shipper()) {
      model.commit(database, model.change());
      shipper.flush();
      model.resize(1024);
      model.commit(database);
      model.commit(database, model.change());
      assertThat(shipper.flush()).isTrue();
      assertRestores();
    }
  }

  /** A store that counts, and can be away. */
  private static final class WatchedStore extends ForwardingStore {
    private final AtomicInteger requests;
    private final AtomicBoolean away;

    WatchedStore(ObjectStore store, AtomicInteger requests, AtomicBoolean away) {
      super(store);
      this.requests = requests;
      this.away = away;
    }

    @Override
    protected void before() throws IOException {
      requests.incrementAndGet();
      if (away.get()) {
        throw new StoreUnavailableException("the store is away", new IOException("test"));
      }
    }
  }
}
