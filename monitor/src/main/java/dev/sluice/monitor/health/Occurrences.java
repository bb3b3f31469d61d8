package dev.sluice.monitor.health;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.node.EventKind;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What has only happened, and is over when somebody looks: it counts as wrong for a while, so that
 * it is seen. Safe for use by many threads.
 */
final class Occurrences implements DatabaseListener {
  /** Longer than anybody takes between two looks at metrics, and long enough for people. */
  static final Duration KEPT = Duration.ofMinutes(10);

  private record Occurrence(Finding finding, long millis) {}

  private final Clock clock;
  private final Map<Finding.Key, Occurrence> last = new ConcurrentHashMap<>();

  Occurrences(Clock clock) {
    this.clock = clock;
  }

  @Override
  public void gap(String database, String why) {
    happened(
        new Finding(
            EventKind.CAPTURE_GAP,
            database,
            "changes could not be followed one by one ("
                + why
                + "): states in between can't be restored; nothing is missing in the last state"));
  }

  @Override
  public void refused(String database, Exception why) {
    happened(
        new Finding(
            EventKind.COMMIT_REFUSED,
            database,
            "commits were refused to the application: "
                + why.getMessage()
                + "; once that is put right, the next commit works"));
  }

  @Override
  public void diverged(Database database, String what) {
    happened(
        new Finding(
            EventKind.DIVERGED,
            database.name(),
            what + "; see that only one node takes writes at a time"));
  }

  private void happened(Finding finding) {
    last.put(finding.key(), new Occurrence(finding, clock.millis()));
  }

  /** Those of the last minutes. */
  List<Finding> recent() {
    if (last.isEmpty()) {
      return List.of();
    }
    long since = clock.millis() - KEPT.toMillis();
    last.values().removeIf(of -> of.millis() < since);
    List<Finding> recent = new ArrayList<>();
    last.values().forEach(of -> recent.add(of.finding()));
    return recent;
  }
}
