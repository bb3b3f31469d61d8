package dev.sluice.durability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import dev.sluice.durability.InSyncSet.Change;
import dev.sluice.durability.InSyncSet.Waiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InSyncSetTest {
  private static final String DB = "app.db";
  private static final long SECOND = 1_000_000_000;

  private final Map<String, Long> positions = new HashMap<>();
  private long now;

  private static InSyncSet set(int followers, OnTimeout onTimeout, @Nullable List<String> nodes) {
    return new InSyncSet(
        new DurabilityPolicy(followers, Duration.ofSeconds(4), onTimeout), nodes, 0);
  }

  private static InSyncSet refusing(@Nullable List<String> nodes) {
    return set(1, OnTimeout.REFUSE, nodes);
  }

  private void commit(long txid) {
    positions.put(DB, txid);
  }

  private void acknowledge(InSyncSet set, String node, long txid) {
    set.acknowledged(node, Map.of(DB, txid), Map.copyOf(positions));
  }

  private @Nullable Change next(InSyncSet set, Waiter... waiters) {
    return set.next(List.of(waiters), Map.copyOf(positions), now);
  }

  private static Change write(InSyncSet set, @Nullable Change change) {
    Change there = Objects.requireNonNull(change);
    set.written(there);
    return there;
  }

  /** A follower that is in sync. */
  private void join(InSyncSet set, String node) {
    set.connected(node);
    acknowledge(set, node, positions.getOrDefault(DB, 0L));
    assertThat(next(set)).isNull();
    assertThat(write(set, next(set)).joined()).containsExactly(node);
  }

  @Test
  void nothingIsDurableBeforeAFollowerIsInTheRecord() {
    InSyncSet set = refusing(null);
    commit(7);
    set.connected("a");
    acknowledge(set, "a", 7);
    assertThat(set.isDurable(DB, 7)).isFalse();
    assertThat(next(set)).as("first commits wait for it").isNull();
    Change change = Objects.requireNonNull(next(set));
    assertThat(change.nodes()).containsExactly("a");
    assertThat(set.isDurable(DB, 7)).as("not known to be written").isFalse();
    set.written(change);
    assertThat(set.isDurable(DB, 7)).isTrue();
    assertThat(set.isDurable(DB, 8)).isFalse();
  }

  @Test
  void whoLacksWhatWasCommittedBeforeIsNotAdded() {
    InSyncSet set = refusing(List.of("a"));
    commit(7);
    set.connected("a");
    acknowledge(set, "a", 7);
    set.connected("b");
    acknowledge(set, "b", 6);
    assertThat(next(set)).isNull();
    assertThat(next(set)).isNull();
    commit(8);
    acknowledge(set, "a", 8);
    assertThat(set.isDurable(DB, 8)).as("b joins: commits wait for it").isFalse();
    assertThat(set.isDurable(DB, 7)).isFalse();
    acknowledge(set, "b", 7);
    assertThat(next(set)).isNotNull().extracting(Change::nodes).isEqualTo(Set.of("a", "b"));
    assertThat(set.isDurable(DB, 8)).isFalse();
    acknowledge(set, "b", 8);
    assertThat(set.isDurable(DB, 8)).isTrue();
  }

  @Test
  void whoIsFarBehindHoldsUpNobody() {
    InSyncSet set = refusing(List.of("a"));
    commit(5_000);
    set.connected("a");
    acknowledge(set, "a", 5_000);
    set.connected("b");
    acknowledge(set, "b", 10);
    assertThat(next(set)).isNull();
    assertThat(set.isDurable(DB, 5_000)).isTrue();
  }

  @Test
  void oneThatIsLateIsLeftOutWhenAnotherIsThere() {
    InSyncSet set = refusing(List.of("a", "b"));
    set.connected("a");
    set.connected("b");
    commit(1);
    acknowledge(set, "a", 1);
    Waiter waiter = new Waiter(DB, 1, now);
    assertThat(next(set, waiter)).isNull();
    now += 2 * SECOND;
    Change change = Objects.requireNonNull(next(set, waiter));
    assertThat(change.left()).containsExactly("b");
    assertThat(set.isDurable(DB, 1)).as("not before that is written").isFalse();
    set.written(change);
    assertThat(set.isDurable(DB, 1)).isTrue();
    assertThat(set.recorded()).containsExactly("a");
    assertThat(set.tooFew(now)).isNull();

    acknowledge(set, "b", 1);
    assertThat(next(set)).isNull();
    assertThat(write(set, next(set)).joined()).containsExactly("b");
  }

  @Test
  void theLastIsNeverLeftOut() {
    InSyncSet set = refusing(List.of("a"));
    set.connected("a");
    commit(1);
    acknowledge(set, "a", 1);
    set.disconnected("a", now);
    assertThat(next(set)).isNull();
    assertThat(set.tooFew(now)).isNull();
    now += 2 * SECOND;
    assertThat(next(set)).isNull();
    assertThat(set.tooFew(now)).contains("0 of the 1 followers");
    assertThat(set.recorded()).containsExactly("a");

    set.connected("a");
    assertThat(set.tooFew(now)).as("what it has is not known").isNotNull();
    acknowledge(set, "a", 1);
    assertThat(set.tooFew(now)).isNull();
  }

  @Test
  void anotherTakesThePlaceOfTheLast() {
    InSyncSet set = refusing(List.of("a"));
    commit(1);
    now += 2 * SECOND;
    assertThat(next(set)).isNull();
    assertThat(set.tooFew(now)).isNotNull();
    set.connected("b");
    acknowledge(set, "b", 1);
    assertThat(next(set)).isNull();
    Change change = write(set, next(set));
    assertThat(change.nodes()).containsExactly("b");
    assertThat(change.left()).containsExactly("a");
    assertThat(set.tooFew(now)).isNull();
    assertThat(set.isDurable(DB, 1)).isTrue();
  }

  @Test
  void whileItIsNotKnownWhichRecordIsThereAllOfThemCount() {
    InSyncSet set = refusing(List.of("a", "b"));
    set.connected("a");
    set.connected("b");
    commit(1);
    acknowledge(set, "a", 1);
    now += 2 * SECOND;
    Waiter waiter = new Waiter(DB, 1, 0);
    assertThat(next(set, waiter)).isNotNull().extracting(Change::nodes).isEqualTo(Set.of("a"));
    // That may be written or not. Then b has it, and c comes.
    acknowledge(set, "b", 1);
    assertThat(set.isDurable(DB, 1)).isTrue();
    commit(2);
    acknowledge(set, "a", 2);
    assertThat(set.isDurable(DB, 2)).isFalse();
    assertThat(next(set)).as("tried again").isNotNull();
  }

  @Test
  void degradesAndGoesBackByItself() {
    InSyncSet set = set(1, OnTimeout.DEGRADE, null);
    commit(1);
    assertThat(next(set)).isNull();
    assertThat(set.isDurable(DB, 1)).as("a follower may come yet").isFalse();
    now += 2 * SECOND;
    assertThat(next(set)).isNull();
    assertThat(set.isDegraded()).isTrue();
    assertThat(set.isDurable(DB, 1)).isTrue();
    assertThat(set.tooFew(now)).isNull();

    join(set, "a");
    assertThat(set.isDegraded()).isFalse();
    commit(2);
    assertThat(set.isDurable(DB, 2)).isFalse();

    set.disconnected("a", now);
    now += 2 * SECOND;
    Change change = Objects.requireNonNull(next(set));
    assertThat(change.nodes()).as("any may be next, as replication is asynchronous").isNull();
    assertThat(set.isDurable(DB, 2)).isFalse();
    set.written(change);
    assertThat(set.isDegraded()).isTrue();
    assertThat(set.isDurable(DB, 2)).isTrue();
  }

  @Test
  void aDegradedSetKeepsThoseThatAreThere() {
    InSyncSet set = set(2, OnTimeout.DEGRADE, List.of("a", "b"));
    set.connected("a");
    commit(1);
    acknowledge(set, "a", 1);
    now += 2 * SECOND;
    Change change = write(set, next(set));
    assertThat(change.nodes()).containsExactly("a");
    assertThat(set.isDegraded()).isTrue();
    assertThat(set.isDurable(DB, 1)).isTrue();
    assertThat(set.isDurable(DB, 2)).as("it is waited for").isFalse();
  }

  @Test
  void waitsForAsManyAsWereAskedFor() {
    InSyncSet set = set(2, OnTimeout.REFUSE, null);
    commit(1);
    join(set, "a");
    assertThat(set.isDurable(DB, 1)).isFalse();
    join(set, "b");
    assertThat(set.isDurable(DB, 1)).isTrue();
  }

  /**
   * Whatever comes when, and whether what is written arrives or not: each node in a record that may
   * be there has every transaction that was acknowledged.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whoIsInARecordHasWhatWasAcknowledged(long seed) {
    Random random = new Random(seed);
    List<String> nodes = List.of("a", "b", "c");
    InSyncSet set = set(1 + (int) (seed % 2), OnTimeout.REFUSE, null);
    Map<String, Long> has = new HashMap<>();
    Map<String, Boolean> connected = new HashMap<>();
    Set<Set<String>> records = new HashSet<>();
    long txid = 0;
    long acknowledged = 0;
    int total = 0;
    for (int step = 0; step < 20_000; step++) {
      now += random.nextInt(300_000_000);
      String node = nodes.get(random.nextInt(nodes.size()));
      switch (random.nextInt(8)) {
        case 0, 1 -> commit(++txid);
        case 2, 3, 4 -> {
          if (connected.getOrDefault(node, false)) {
            long before = has.getOrDefault(node, 0L);
            has.put(node, before + random.nextInt((int) (txid - before) + 1));
            acknowledge(set, node, has.get(node));
          }
        }
        case 5 -> {
          if (random.nextInt(10) == 0) {
            boolean was = connected.getOrDefault(node, false);
            connected.put(node, !was);
            if (was) {
              set.disconnected(node, now);
            } else {
              set.connected(node);
            }
          }
        }
        default -> {
          List<Waiter> waiters = new ArrayList<>();
          if (txid > acknowledged) {
            waiters.add(new Waiter(DB, txid, now - random.nextInt(3) * SECOND));
          }
          Change change = set.next(waiters, Map.copyOf(positions), now);
          if (change != null) {
            Set<String> asked = Objects.requireNonNull(change.nodes(), "refuses: never open again");
            int fate = random.nextInt(4);
            if (fate > 0) {
              records.add(asked);
            }
            if (fate > 1) {
              records.clear();
              records.add(asked);
              set.written(change);
            }
          }
        }
      }
      if (txid > acknowledged && set.isDurable(DB, txid)) {
        acknowledged = txid;
        total++;
      }
      for (Set<String> record : records) {
        for (String member : record) {
          assertThat(has.getOrDefault(member, 0L))
              .as("seed %d, step %d, node %s", seed, step, member)
              .isGreaterThanOrEqualTo(acknowledged);
        }
      }
    }
    assertThat(total).isPositive();
  }
}
