package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.Severity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TopDatabasesTest {
  private final Map<String, DatabaseCounts> counts = new HashMap<>();

  private static DatabaseStatus database(String name, List<HealthProblem> health) {
    return new DatabaseStatus(
        name, "0/0", "0/0", 512, 1, 0, 0, 0, 0, List.of(), null, null, health);
  }

  private List<String> names(TopDatabases top, List<DatabaseStatus> all) {
    return top.of(all, name -> counts.computeIfAbsent(name, n -> new DatabaseCounts())).stream()
        .map(DatabaseStatus::name)
        .toList();
  }

  private void commit(String name, int times) {
    Objects.requireNonNull(counts.get(name)).commits.add(times);
  }

  @Test
  void theBusiestAndThoseWithProblems() {
    List<DatabaseStatus> all =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    database(
                        String.format("%04d.db", i),
                        i != 500
                            ? List.of()
                            : List.of(new HealthProblem("k", Severity.ERROR, "m", "s"))))
            .toList();
    TopDatabases top = new TopDatabases(3);
    names(top, all);
    commit("0900.db", 100);
    commit("0700.db", 50);
    commit("0600.db", 1);
    assertThat(names(top, all)).containsExactly("0500.db", "0700.db", "0900.db");
    // What was busy a moment ago stays.
    commit("0600.db", 10);
    assertThat(names(top, all)).containsExactly("0500.db", "0700.db", "0900.db");
    commit("0600.db", 1_000);
    assertThat(names(top, all)).containsExactly("0500.db", "0600.db", "0900.db");
  }

  @Test
  void allOfAFewOrNone() {
    List<DatabaseStatus> all = List.of(database("a.db", List.of()), database("b.db", List.of()));
    assertThat(names(new TopDatabases(2), all)).containsExactly("a.db", "b.db");
    assertThat(names(new TopDatabases(0), all)).isEmpty();
  }
}
