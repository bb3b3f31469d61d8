package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.store.ByteSource;
import dev.sluice.store.FaultyStore;
import dev.sluice.store.InMemoryStore;
import dev.sluice.store.MeteredStore;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Files are named {@code level:min-max}, TXIDs in decimal; a file's time is its max in seconds. */
final class RestorePlanTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("s3", "app.db");

  private final StoreStats stats = new StoreStats();
  private final FaultyStore faulty = new FaultyStore(new InMemoryStore());
  private final ObjectStore store = new MeteredStore(faulty, stats);

  private static String key(String file) {
    String[] parts = file.split("[:-]", 3);
    return LAYOUT.key(
        Integer.parseInt(parts[0]),
        new LtxFileName(Long.parseUnsignedLong(parts[1]), Long.parseUnsignedLong(parts[2])));
  }

  private RestorePlanTest put(String... files) throws IOException {
    for (String file : files) {
      long seconds = Long.parseUnsignedLong(file.substring(file.indexOf('-') + 1)) & 0xffffffffL;
      store.put(
          key(file),
          ByteSource.of(new byte[1]),
          Map.of(ObjectStore.TIMESTAMP, Instant.ofEpochSecond(seconds).toString()),
          PutCondition.IF_ABSENT);
    }
    return this;
  }

  /** A state as messages show it, its time in the zone of this machine. */
  private static String point(long txid) {
    return new RestorePoint(txid, Instant.ofEpochSecond(txid)).toString();
  }

  private List<String> plan(RestoreTarget target, String... wholeFiles) throws IOException {
    List<String> whole = List.of(wholeFiles).stream().map(RestorePlanTest::key).toList();
    RestorePlan plan =
        RestorePlan.of(
            StoreListing.read(store, LAYOUT), target, file -> whole.contains(file.key()));
    assertThat(plan.time()).isEqualTo(Instant.ofEpochSecond(plan.txid() & 0xffffffffL));
    return plan.files().stream()
        .map(
            f ->
                f.level()
                    + ":"
                    + Long.toUnsignedString(f.minTxid())
                    + "-"
                    + Long.toUnsignedString(f.maxTxid()))
        .toList();
  }

  private static RestoreTarget second(long seconds) {
    return RestoreTarget.time(Instant.ofEpochSecond(seconds));
  }

  @Test
  void fromTheNewestSnapshotByTheWidestFiles() throws IOException {
    put("9:1-1", "9:1-9", "2:2-6", "2:7-12", "1:10-12", "1:13-15", "0:13-13", "0:14-14");
    put("0:15-15", "0:16-16");

    assertThat(plan(RestoreTarget.LATEST))
        .containsExactly("9:1-9", "1:10-12", "1:13-15", "0:16-16");
    assertThat(plan(RestoreTarget.txid(14)))
        .containsExactly("9:1-9", "1:10-12", "0:13-13", "0:14-14");
    assertThat(plan(RestoreTarget.txid(9))).containsExactly("9:1-9");
    assertThat(plan(RestoreTarget.txid(6))).containsExactly("9:1-1", "2:2-6");
    assertThat(plan(second(14))).containsExactly("9:1-9", "1:10-12", "0:13-13", "0:14-14");
    assertThat(plan(second(8))).containsExactly("9:1-1", "2:2-6");
    assertThat(plan(second(4711))).endsWith("0:16-16");
  }

  @Test
  void withoutSnapshotAFileFromTheFirstTransactionOnWillDo() throws IOException {
    put("0:1-1", "0:2-2", "1:1-2", "0:3-3");

    assertThat(plan(RestoreTarget.LATEST)).containsExactly("1:1-2", "0:3-3");
    assertThat(plan(RestoreTarget.txid(1))).containsExactly("0:1-1");
  }

  @Test
  void txidsAreUnsigned() throws IOException {
    String big = Long.toUnsignedString(-9);
    String bigger = Long.toUnsignedString(-8);
    put("9:1-" + big, "0:" + bigger + "-" + bigger);

    assertThat(plan(RestoreTarget.LATEST))
        .containsExactly("9:1-" + big, "0:" + bigger + "-" + bigger);
    assertThat(plan(RestoreTarget.txid(-9))).containsExactly("9:1-" + big);
  }

  @Test
  void aFileWithTheWholeDatabaseReplacesWhatIsMissing() throws IOException {
    put("9:1-3", "0:4-4", "0:8-8", "0:9-9", "1:8-9", "0:10-10");

    assertThat(plan(RestoreTarget.LATEST, "0:8-8")).containsExactly("0:8-8", "0:9-9", "0:10-10");
    assertThat(plan(RestoreTarget.LATEST, "0:8-8", "1:8-9")).containsExactly("1:8-9", "0:10-10");
    assertThat(plan(RestoreTarget.txid(8), "0:8-8")).containsExactly("0:8-8");
    assertThat(plan(RestoreTarget.txid(4))).containsExactly("9:1-3", "0:4-4");
  }

  @Test
  void aGapIsNamedWithWhatCanBeRestored() throws IOException {
    put("9:1-3", "0:4-4", "0:8-8", "0:9-9");

    assertThatThrownBy(() -> plan(RestoreTarget.LATEST, "0:4-4"))
        .isInstanceOf(NotRestorableException.class)
        .hasMessage(
            "memory/app.db: cannot restore the latest state: transactions 0000000000000005 to"
                + " 0000000000000007 are missing in the store; nearest it can: "
                + point(4));
    assertThatThrownBy(() -> plan(second(8))).isInstanceOf(NotRestorableException.class);
  }

  @Test
  void aTransactionWithinAWiderFileIsNamedWithItsNeighbours() throws IOException {
    put("9:1-3", "1:4-8", "0:9-9");

    assertThatThrownBy(() -> plan(RestoreTarget.txid(6)))
        .isInstanceOf(NotRestorableException.class)
        .hasMessageContaining("cannot restore TXID 0000000000000006: no file ends there")
        .hasMessageEndingWith("nearest it can: " + point(3) + " and " + point(8));
    assertThatThrownBy(() -> plan(RestoreTarget.txid(10)))
        .isInstanceOf(NotRestorableException.class)
        .hasMessageEndingWith("nearest it can: " + point(9));
    assertThatThrownBy(() -> plan(second(2)))
        .isInstanceOf(NotRestorableException.class)
        .hasMessageContaining("the backup begins later")
        .hasMessageEndingWith("nearest it can: " + point(3));
  }

  @Test
  void anEmptyStoreAndOneWithoutSnapshotAreNamed() throws IOException {
    assertThatThrownBy(() -> plan(RestoreTarget.LATEST))
        .isInstanceOf(NotRestorableException.class)
        .hasMessage("memory/app.db: no backup there: no LTX file below 'app.db/'");

    put("0:5-5");
    assertThatThrownBy(() -> plan(RestoreTarget.LATEST))
        .isInstanceOf(NotRestorableException.class)
        .hasMessageContaining("there is no snapshot")
        .hasMessageEndingWith("no state can be restored from it");
  }

  @Test
  void requestsAreFew() throws IOException {
    for (int i = 1; i <= 500; i++) {
      put("0:" + i + "-" + i);
    }
    put("9:1-400");

    plan(RestoreTarget.LATEST);
    assertThat(stats.requests(Operation.LIST)).isEqualTo(1);
    assertThat(stats.requests(Operation.HEAD)).isLessThanOrEqualTo(1);
    plan(second(450));
    assertThat(stats.requests(Operation.HEAD)).isLessThan(20);
  }

  /** Against trying everything: the plan arrives exactly when some way does, with fewest files. */
  @Property
  void thePlanIsTheShortestWay(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    List<StoredFile> files = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      long min = 1L + random.nextInt(12);
      long max = min + random.nextInt(4);
      files.add(new StoredFile("f" + i, 0, min, max, random.nextInt(9), Instant.EPOCH));
    }
    Reach reach = new Reach(files);
    long goal = files.stream().mapToLong(StoredFile::maxTxid).max().orElse(0);
    int[] fewest = new int[(int) goal + 1];
    Arrays.fill(fewest, Integer.MAX_VALUE);
    fewest[(int) goal] = 0;
    for (long p = goal - 1; p >= 0; p--) {
      for (StoredFile file : files) {
        if (file.extendsFrom(p) && fewest[(int) file.maxTxid()] != Integer.MAX_VALUE) {
          fewest[(int) p] = Math.min(fewest[(int) p], 1 + fewest[(int) file.maxTxid()]);
        }
      }
    }

    for (long p = 0; p < goal; p++) {
      List<StoredFile> way = reach.from(p);
      boolean arrives = !way.isEmpty() && way.get(way.size() - 1).maxTxid() == goal;
      assertThat(arrives).isEqualTo(fewest[(int) p] != Integer.MAX_VALUE);
      if (arrives) {
        assertThat(way).hasSize(fewest[(int) p]);
      }
    }
    long earliest =
        LongStream.rangeClosed(0, goal)
            .filter(p -> fewest[(int) p] != Integer.MAX_VALUE)
            .findFirst()
            .orElse(goal);
    assertThat(reach.earliestStart()).isEqualTo(earliest);
  }
}
