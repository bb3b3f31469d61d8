package dev.sluice.monitor.health;

import dev.sluice.node.Event.Change;
import dev.sluice.node.EventKind;
import dev.sluice.node.EventLog;
import dev.sluice.node.Severity;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what has changed, as events and in the log. When a store is away, that may be so for
 * thousands of databases at once: of each kind some are told one by one, the others together. For
 * one thread.
 */
final class Announcer {
  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  /** So many of a kind, raised or cleared, are told one by one in {@link #WINDOW_MILLIS}. */
  static final int SINGLY = 5;

  static final long WINDOW_MILLIS = 60_000;

  /** How often the others are told. */
  static final long TOGETHER_MILLIS = 10_000;

  /** What no part of the node writes to the log when it happens. */
  private static final Set<EventKind> NOT_LOGGED_YET =
      Set.of(
          EventKind.BACKUP_LATE,
          EventKind.FOLLOWER_LAG,
          EventKind.DISK_LOW,
          EventKind.NOT_CONNECTED,
          EventKind.NO_PRIMARY);

  /** What is told of one kind and change. */
  private static final class Budget {
    private long windowMillis;
    private int told;
    private long togetherMillis;
    private final List<Finding> waiting = new ArrayList<>();
  }

  private final EventLog events;
  private final Map<EventKind, Budget> raised = new EnumMap<>(EventKind.class);
  private final Map<EventKind, Budget> cleared = new EnumMap<>(EventKind.class);

  Announcer(EventLog events) {
    this.events = events;
  }

  void raised(Finding finding) {
    raised.computeIfAbsent(finding.kind(), kind -> new Budget()).waiting.add(finding);
  }

  void cleared(Finding finding) {
    cleared.computeIfAbsent(finding.kind(), kind -> new Budget()).waiting.add(finding);
  }

  /** Tells what has changed since the last time, as far as it is time for it. */
  void tell(long nowMillis) {
    raised.values().forEach(of -> tell(of, Change.RAISED, nowMillis));
    cleared.values().forEach(of -> tell(of, Change.CLEARED, nowMillis));
  }

  private void tell(Budget of, Change change, long nowMillis) {
    if (of.waiting.isEmpty()) {
      return;
    }
    if (nowMillis - of.windowMillis >= WINDOW_MILLIS) {
      of.windowMillis = nowMillis;
      of.told = 0;
    }
    if (of.told + of.waiting.size() <= SINGLY) {
      of.told += of.waiting.size();
      of.waiting.forEach(finding -> tell(finding, change));
    } else if (nowMillis - of.togetherMillis >= TOGETHER_MILLIS) {
      of.togetherMillis = nowMillis;
      tell(together(of.waiting), change);
    } else {
      return;
    }
    of.waiting.clear();
  }

  private static Finding together(List<Finding> findings) {
    Finding first = findings.get(0);
    if (findings.size() == 1) {
      return first;
    }
    return new Finding(
        first.kind(),
        null,
        first.severity(),
        "%,d databases, such as %s: %s"
            .formatted(findings.size(), first.database(), first.message()));
  }

  private void tell(Finding finding, Change change) {
    boolean over = change == Change.CLEARED;
    String message = over ? "over: " + finding.message() : finding.message();
    events.publish(
        finding.kind(),
        over ? Severity.INFO : finding.severity(),
        change,
        finding.database(),
        message);
    String about = finding.database() == null ? "this node" : finding.database();
    String label = finding.kind().label();
    if (!NOT_LOGGED_YET.contains(finding.kind())) {
      log.debug("{}: {}: {}", about, label, message);
    } else if (over) {
      log.info("{}: {} is over", about, label);
    } else if (finding.severity() == Severity.ERROR) {
      log.error("{}: {}: {}", about, label, message);
    } else {
      log.warn("{}: {}: {}", about, label, message);
    }
  }
}
