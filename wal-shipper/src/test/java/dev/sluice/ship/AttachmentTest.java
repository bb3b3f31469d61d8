package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Position;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredFile;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A database and a store that have met before, or have not. */
@Timeout(60)
final class AttachmentTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "");

  private final Path directory;
  private final ObjectStore store = new InMemoryStore();
  private final NavigableMap<Long, ByteBuffer> history = new TreeMap<>(Long::compareUnsigned);
  private final List<Databases> opened = new ArrayList<>();

  AttachmentTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    opened.forEach(Databases::close);
  }

  /** A new local state. */
  private Database open(String name) throws IOException {
    Databases databases = Databases.open(directory.resolve(name + "/db"));
    opened.add(databases);
    return databases.open("app.db");
  }

  private Shipper shipper(PageModel model, ObjectStore to) {
    return shipper(model, to, false);
  }

  private Shipper shipper(PageModel model, ObjectStore to, boolean takesOver) {
    return new Shipper(
        "0123456789abcdef",
        opened.get(opened.size() - 1),
        name -> List.of(new Destination(to, LAYOUT, "memory", "memory")),
        new Snapshots(directory.resolve("tmp"), (name, pgno, target) -> model.read(pgno, target)),
        ShippingPolicy.DEFAULT,
        new LogLimits(0, 1 << 30),
        Clock.systemUTC(),
        takesOver);
  }

  private void commitAndShip(PageModel model, Database database, Shipper shipper, int times)
      throws IOException {
    for (int i = 0; i < times; i++) {
      model.commit(database, model.change());
      assertThat(shipper.flush()).as(() -> shipper.error("app.db")).isTrue();
      history.put(database.position().txid(), ByteBuffer.wrap(model.bytes()));
    }
  }

  private void assertEveryStateRestores() throws IOException {
    for (Map.Entry<Long, ByteBuffer> state : history.entrySet()) {
      assertRestores(RestoreTarget.txid(state.getKey()), state.getValue().array());
    }
    assertRestores(RestoreTarget.LATEST, history.lastEntry().getValue().array());
  }

  private void assertRestores(RestoreTarget target, byte[] bytes) throws IOException {
    Path out = directory.resolve("restored.db");
    Restore.run(store, LAYOUT, RestoreOptions.DEFAULT.withForce(true).withTarget(target), out);
    assertThat(Files.readAllBytes(out)).as(target.toString()).isEqualTo(bytes);
  }

  private StoredFile newest() throws IOException {
    return StoreListing.read(store, LAYOUT).files().stream()
        .max(Comparator.comparing(StoredFile::maxTxid))
        .orElseThrow();
  }

  /**
   * Both of a cluster had the first ten; the rest only the store got before the other took over.
   */
  @Test
  void aPrimaryThatTookOverGoesOnAfterWhatItNeverHad() throws IOException {
    PageModel model = new PageModel(7, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, before, shipper, 15);
    }
    PageModel same = new PageModel(7, 512);
    Database after = open("after");
    for (int i = 0; i < 10; i++) {
      same.commit(after, same.change());
    }
    assertThat(before.log().contains(after.position())).isTrue();
    same.grow(3);
    same.commit(after, same.allPages());
    // Longer than the take-over of the writer's claim.
    store.delete(List.of(LAYOUT.keyBeside("sluice-writer")));
    Shipper refused = shipper(same, store);
    assertThat(refused.flush()).isFalse();
    refused.abandon();
    store.delete(List.of(LAYOUT.keyBeside("sluice-writer")));
    try (Shipper shipper = shipper(same, store, true)) {
      commitAndShip(same, after, shipper, 3);
    }
    assertThat(after.position().txid()).isGreaterThan(15);
    assertEveryStateRestores();
  }

  @Test
  void theLocalStateWasLost() throws IOException {
    PageModel model = new PageModel(1, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, before, shipper, 20);
    }
    Database after = open("after");
    model.commit(after, model.allPages());
    assertThat(after.position().txid()).isEqualTo(1);
    try (Shipper shipper = shipper(model, store)) {
      assertThat(shipper.flush()).isTrue();
      assertThat(after.position()).isEqualTo(before.position());
      assertThat(after.recomputeChecksum()).isEqualTo(after.position().checksum());
      commitAndShip(model, after, shipper, 5);
    }
    assertThat(newest().minTxid()).isEqualTo(25);
    assertEveryStateRestores();
    // And is read back as any log.
    opened.get(1).close();
    Database again = Databases.open(directory.resolve("after/db")).open("app.db");
    assertThat(again.position().txid()).isEqualTo(25);
    again.close();
  }

  @Test
  void theLocalStateWasLostAndMoreWasCommitted() throws IOException {
    PageModel model = new PageModel(2, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, before, shipper, 20);
    }
    Database after = open("after");
    model.commit(after, model.allPages());
    model.commit(after, model.change());
    model.commit(after, model.change());
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, after, shipper, 2);
    }
    assertThat(after.position().txid()).isEqualTo(24);
    assertEveryStateRestores();
  }

  @Test
  void anEarlierStateWasRestored() throws IOException {
    PageModel model = new PageModel(3, 512);
    Database before = open("before");
    PageModel earlier = new PageModel(3, 512);
    Database after = open("after");
    opened.add(opened.remove(0));
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, before, shipper, 20);
    }
    Database scratch = open("scratch");
    for (int i = 0; i < 12; i++) {
      earlier.commit(scratch, earlier.change());
    }
    opened.remove(2).close();
    opened.add(opened.remove(0));
    earlier.commit(after, earlier.allPages());
    try (Shipper shipper = shipper(earlier, store)) {
      commitAndShip(earlier, after, shipper, 3);
    }
    assertThat(after.position().txid()).isEqualTo(24);
    assertEveryStateRestores();
  }

  @Test
  void aForkIsRefused() throws IOException {
    PageModel model = new PageModel(4, 512);
    Database one = open("one");
    Databases ours = opened.get(0);
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, one, shipper, 10);
    }
    PageModel copy = new PageModel(4, 512);
    Database other = open("other");
    for (int i = 0; i < 10; i++) {
      copy.commit(other, copy.change());
    }
    assertThat(other.position()).isEqualTo(one.position());
    opened.add(opened.remove(0));
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, one, shipper, 5);
    }
    opened.add(opened.remove(0));
    assertThat(opened.get(0)).isSameAs(ours);
    copy.grow(1);
    copy.commit(other, copy.change());
    Shipper shipper = shipper(copy, store);
    assertThat(shipper.flush()).isFalse();
    assertThat(shipper.error("app.db")).contains("holds another history");
    assertThat(other.position().txid()).isEqualTo(11);
    assertEveryStateRestores();
  }

  @Test
  void whatAnotherProgramPutGoesOnFromTheSameState() throws IOException {
    PageModel model = new PageModel(5, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(model, new ForeignStore(store))) {
      commitAndShip(model, before, shipper, 20);
    }
    Database after = open("after");
    model.commit(after, model.allPages());
    for (int round = 0; round < 2; round++) {
      try (Shipper shipper = shipper(model, store)) {
        assertThat(shipper.flush()).isTrue();
        assertThat(after.position()).isEqualTo(before.position());
      }
    }
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, after, shipper, 5);
    }
    assertEveryStateRestores();
  }

  @Test
  void whatAnotherProgramPutGoesOnWithTheDifference() throws IOException {
    PageModel model = new PageModel(6, 512);
    model.grow(500);
    Database before = open("before");
    model.commit(before, model.allPages());
    try (Shipper shipper = shipper(model, new ForeignStore(store))) {
      commitAndShip(model, before, shipper, 20);
    }
    long whole = newest().sizeBytes();
    // What was committed while neither of the two was running.
    for (int i = 0; i < 3; i++) {
      model.change();
    }
    Database after = open("after");
    model.commit(after, model.allPages());
    try (Shipper shipper = shipper(model, store)) {
      assertThat(shipper.flush()).isTrue();
      assertThat(after.position().txid()).isEqualTo(22);
      history.put(22L, ByteBuffer.wrap(model.bytes()));
      assertThat(newest().minTxid()).isEqualTo(22);
      assertThat(newest().sizeBytes()).isLessThan(50_000);
      assertThat(whole).isPositive();
      commitAndShip(model, after, shipper, 5);
    }
    assertEveryStateRestores();
  }

  @Test
  void whatAnotherProgramPutGoesOnWithAnotherPageSize() throws IOException {
    PageModel model = new PageModel(7, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(model, new ForeignStore(store))) {
      commitAndShip(model, before, shipper, 20);
    }
    model.resize(4096);
    Database after = open("after");
    model.commit(after, model.allPages());
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, after, shipper, 5);
    }
    assertEveryStateRestores();
  }

  @Test
  void aNodeThatIsFurtherGoesOnToo() throws IOException {
    PageModel foreign = new PageModel(8, 512);
    Database before = open("before");
    try (Shipper shipper = shipper(foreign, new ForeignStore(store))) {
      commitAndShip(foreign, before, shipper, 5);
    }
    PageModel model = new PageModel(9, 512);
    Database after = open("after");
    for (int i = 0; i < 50; i++) {
      model.commit(after, model.change());
    }
    long ours = after.position().txid();
    try (Shipper shipper = shipper(model, store)) {
      commitAndShip(model, after, shipper, 5);
    }
    assertThat(after.position().txid()).isEqualTo(ours + 5 + 5);
    assertEveryStateRestores();
  }

  @Test
  void followersAndWaitersSeeTheNewNumbers() throws Exception {
    PageModel model = new PageModel(10, 512);
    Database database = open("one");
    model.commit(database, model.change());
    Position first = database.position();
    database.renumber(41, Position.NONE);
    assertThat(database.position()).isEqualTo(new Position(42, first.checksum()));
    assertThat(database.applied()).isEqualTo(database.position());
    assertThat(database.log().contains(first)).isFalse();
    assertThat(database.await(database.position(), 1000).get().name()).isEqualTo("REACHED");
    model.commit(database, model.change());
    assertThat(database.position().txid()).isEqualTo(43);
    assertThat(database.recomputeChecksum()).isEqualTo(database.position().checksum());
  }

  /** As another program puts files: without the position. */
  private static final class ForeignStore extends ForwardingStore {
    ForeignStore(ObjectStore store) {
      super(store);
    }

    @Override
    protected void before() {}

    @Override
    public Etag put(
        String key, ByteSource content, Map<String, String> metadata, PutCondition condition)
        throws IOException {
      Map<String, String> less = new TreeMap<>(metadata);
      less.remove(Restore.POSITION);
      return super.put(key, content, less, condition);
    }
  }
}
