package dev.sluice.durability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.durability.DurabilityPolicy.OnTimeout;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class FollowerDurabilityTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  private final Databases databases;
  private final PageModel model = new PageModel(5, 512);
  private final BlockingQueue<List<String>> written = new LinkedBlockingQueue<>();
  private final AtomicInteger refused = new AtomicInteger();
  private final BlockingQueue<Boolean> degraded = new LinkedBlockingQueue<>();
  private final List<FollowerDurability> started = new ArrayList<>();
  private volatile boolean away;

  FollowerDurabilityTest(@TempDir Path directory) throws IOException {
    databases = Databases.open(directory.resolve("db"));
  }

  @AfterEach
  void close() {
    started.forEach(FollowerDurability::close);
    databases.close();
  }

  private FollowerDurability start(
      Duration timeout, OnTimeout onTimeout, @Nullable List<String> inSync) {
    FollowerDurability made =
        new FollowerDurability(
            new DurabilityPolicy(1, timeout, onTimeout), inSync, databases, this::write, counts());
    started.add(made);
    made.start();
    return made;
  }

  private boolean write(@Nullable List<String> nodes) throws IOException {
    if (away) {
      throw new IOException("away");
    }
    written.add(nodes == null ? List.of("any") : nodes);
    return true;
  }

  private DurabilityListener counts() {
    return new DurabilityListener() {
      @Override
      public void waited(long nanos) {}

      @Override
      public void refused() {
        refused.incrementAndGet();
      }

      @Override
      public void degraded(boolean now) {
        degraded.add(now);
      }
    };
  }

  private Database commit(String name) throws IOException {
    Database database = databases.open(name);
    model.grow(1);
    model.commit(database, model.allPages());
    return database;
  }

  private static CompletableFuture<Void> awaiting(
      FollowerDurability durability, Database database) {
    Position position = database.position();
    return CompletableFuture.runAsync(
        () -> {
          try {
            durability.await(database, position, () -> {});
          } catch (IOException e) {
            throw new IllegalStateException(e.getMessage(), e);
          }
        });
  }

  private static void acknowledge(FollowerDurability durability, String node, Database... all) {
    Map<String, Position> positions = new HashMap<>();
    for (Database database : all) {
      positions.put(database.name(), database.position());
    }
    durability.acknowledged(node, positions);
  }

  @Test
  void oneAcknowledgementStandsForManyDatabases() throws Exception {
    FollowerDurability durability = start(LONG, OnTimeout.REFUSE, List.of("a"));
    durability.connected("a");
    Database one = commit("one.db");
    Database two = commit("two.db");
    CompletableFuture<Void> first = awaiting(durability, one);
    CompletableFuture<Void> second = awaiting(durability, two);
    assertThat(first).isNotDone();
    assertThat(second).isNotDone();
    acknowledge(durability, "a", one, two);
    first.get();
    second.get();
    assertThat(refused).hasValue(0);
  }

  @Test
  void aFollowerCountsWhenItIsInTheRecord() throws Exception {
    away = true;
    FollowerDurability durability = start(LONG, OnTimeout.REFUSE, null);
    Database database = commit("one.db");
    durability.connected("a");
    acknowledge(durability, "a", database);
    CompletableFuture<Void> waiting = awaiting(durability, database);
    assertThat(waiting).isNotDone();
    away = false;
    assertThat(written.take()).containsExactly("a");
    waiting.get();
    assertThat(durability.status().inSync()).containsExactly("a");
  }

  @Test
  void anotherHistoryIsNotAnAcknowledgement() throws Exception {
    FollowerDurability durability = start(LONG, OnTimeout.REFUSE, List.of("a"));
    durability.connected("a");
    Database database = commit("one.db");
    CompletableFuture<Void> waiting = awaiting(durability, database);
    durability.acknowledged(
        "a", Map.of("one.db", new Position(1, database.position().checksum() ^ 1)));
    durability.acknowledged("a", Map.of("one.db", new Position(9, database.position().checksum())));
    durability.acknowledged("a", Map.of("no.db", database.position()));
    assertThat(waiting).isNotDone();
    acknowledge(durability, "a", database);
    waiting.get();
  }

  @Test
  void refusesInTimeAndThenBeforeAnythingIsCut() throws Exception {
    FollowerDurability durability = start(Duration.ofMillis(200), OnTimeout.REFUSE, List.of("a"));
    Database database = commit("one.db");
    assertThatThrownBy(() -> awaiting(durability, database).get())
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("not durable within 200 ms")
        .hasMessageContaining("followers a do not have it");
    assertThatThrownBy(() -> durability.check("one.db"))
        .hasMessageContaining("0 of the 1 followers");
    assertThat(durability.status().degraded()).contains("0 of the 1 followers");
    assertThat(refused).hasValue(2);
    assertThat(written).isEmpty();
    durability.connected("a");
    acknowledge(durability, "a", database);
    while (durability.status().degraded() != null) {
      Thread.onSpinWait();
    }
    durability.check("one.db");
    awaiting(durability, database).get();
  }

  @Test
  void degradesAndGoesBack() throws Exception {
    FollowerDurability durability = start(Duration.ofMillis(200), OnTimeout.DEGRADE, List.of("a"));
    assertThat(degraded.take()).isFalse();
    Database database = commit("one.db");
    awaiting(durability, database).get();
    assertThat(written.take()).containsExactly("any");
    assertThat(degraded.take()).isTrue();
    durability.check("one.db");
    durability.connected("a");
    acknowledge(durability, "a", database);
    assertThat(written.take()).containsExactly("a");
    assertThat(degraded.poll(50, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void theEndOfATermRefusesWhoWaits() throws Exception {
    FollowerDurability durability = start(LONG, OnTimeout.REFUSE, List.of("a"));
    CompletableFuture<Void> waiting = awaiting(durability, commit("one.db"));
    durability.close();
    assertThatThrownBy(waiting::get).hasMessageContaining("the primary no more");
  }
}
