package dev.sluice.monitor.health;

import dev.sluice.log.DatabaseListener;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.EventKind;
import dev.sluice.node.EventLog;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeView;
import dev.sluice.node.Severity;
import java.io.Closeable;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a node once a second for what is wrong with it.
 *
 * <pre>
 *   found ──patience──► raised ──► status, metrics │ event ──► hook, log
 *   not found any more ──calm──► cleared           │ event ──► hook, log
 * </pre>
 *
 * <p>A problem that comes and goes within its patience is not raised, and one that is away for less
 * than {@link #CALM_MILLIS} not cleared. Safe for use by many threads.
 */
public final class HealthMonitor implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  static final long LOOK_MILLIS = 1_000;
  static final long CALM_MILLIS = 3_000;

  /** For what happens at every start and at every change of the primary. */
  static final long CONNECT_PATIENCE_MILLIS = 5_000;

  /** After so long without another look, what the last one saw is too old. */
  static final long STALE_MILLIS = 3_000;

  private static final long STOP_MILLIS = 2_000;

  /** A problem, from when it was found first until it is cleared. */
  private static final class Problem {
    private Finding finding;
    private final long sinceMillis;
    private long foundMillis;
    private boolean raised;

    Problem(Finding finding, long nowMillis) {
      this.finding = finding;
      this.sinceMillis = nowMillis;
      this.foundMillis = nowMillis;
    }

    private HealthProblem shown() {
      return new HealthProblem(
          finding.kind().label(),
          finding.severity(),
          finding.message(),
          EventLog.text(Instant.ofEpochMilli(sinceMillis)));
    }
  }

  /**
   * What the last look saw.
   *
   * @param millis when that was; 0 before the first
   */
  private record Shown(
      long millis,
      List<HealthProblem> ofNode,
      Map<String, List<HealthProblem>> ofDatabases,
      List<DatabaseStatus> databases) {}

  private final NodeView node;
  private volatile HealthLimits limits;
  private final Clock clock;
  private final long startMillis;
  private final Occurrences occurrences;
  private final Announcer announcer;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "health");

  // For the thread that looks.

  private final Map<Finding.Key, Problem> problems = new LinkedHashMap<>();
  private @Nullable String role;
  private long epoch;

  private volatile Shown shown = new Shown(0, List.of(), Map.of(), List.of());

  public HealthMonitor(NodeView node, HealthLimits limits, Clock clock) {
    this.node = node;
    this.limits = limits;
    this.clock = clock;
    this.startMillis = clock.millis();
    this.occurrences = new Occurrences(clock);
    this.announcer = new Announcer(node.events());
    thread.setDaemon(true);
  }

  /** Has other limits, from the next look on. */
  public void change(HealthLimits changed) {
    limits = changed;
  }

  /** Is to be told of what happens to databases. */
  public DatabaseListener listener() {
    return occurrences;
  }

  public void start() {
    thread.start();
  }

  private void run() {
    String failure = null;
    try {
      while (!stopped.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        try {
          look();
          failure = null;
        } catch (RuntimeException e) {
          // A part that is being stopped or changes its role may give no answer.
          if (!e.toString().equals(failure)) {
            failure = e.toString();
            log.warn("looking for what is wrong with this node has failed: {}", failure);
            log.debug("looking", e);
          }
        }
      }
    } catch (InterruptedException e) {
      log.debug("stopped", e);
    }
  }

  /** Looks once. */
  void look() {
    long now = clock.millis();
    tellRole();
    List<Finding> found = new ArrayList<>(occurrences.recent());
    List<DatabaseStatus> databases = node.status();
    found.addAll(Checks.run(node, databases, limits, startMillis, now, this::severity));
    for (Finding finding : found) {
      Problem problem = problems.computeIfAbsent(finding.key(), key -> new Problem(finding, now));
      boolean worse = finding.severity().compareTo(problem.finding.severity()) > 0;
      problem.finding = finding;
      problem.foundMillis = now;
      boolean due = !problem.raised && now - problem.sinceMillis >= patience(finding.kind());
      if (due || (problem.raised && worse)) {
        problem.raised = true;
        announcer.raised(finding);
      }
    }
    for (Iterator<Problem> all = problems.values().iterator(); all.hasNext(); ) {
      Problem problem = all.next();
      long awayMillis = now - problem.foundMillis;
      if (awayMillis > 0 && (!problem.raised || awayMillis >= CALM_MILLIS)) {
        all.remove();
        if (problem.raised) {
          announcer.cleared(problem.finding);
        }
      }
    }
    show(now, databases);
    announcer.tell(now);
  }

  /** How severe it was at the last look; null when it was not wrong. */
  private @Nullable Severity severity(Finding.Key key) {
    Problem problem = problems.get(key);
    return problem == null ? null : problem.finding.severity();
  }

  private static long patience(EventKind kind) {
    return switch (kind) {
      case NOT_CONNECTED, NO_PRIMARY -> CONNECT_PATIENCE_MILLIS;
      default -> 0;
    };
  }

  private void show(long now, List<DatabaseStatus> databases) {
    List<HealthProblem> ofNode = new ArrayList<>();
    Map<String, List<HealthProblem>> ofDatabases = new HashMap<>();
    for (Problem problem : problems.values()) {
      String database = problem.finding.database();
      if (!problem.raised) {
        continue;
      }
      if (database == null) {
        ofNode.add(problem.shown());
      } else {
        ofDatabases.computeIfAbsent(database, name -> new ArrayList<>()).add(problem.shown());
      }
    }
    List<DatabaseStatus> withHealth =
        databases.stream()
            .map(of -> of.withHealth(ofDatabases.getOrDefault(of.name(), List.of())))
            .toList();
    shown = new Shown(now, List.copyOf(ofNode), ofDatabases, withHealth);
  }

  private void tellRole() {
    String now = node.role();
    long nowEpoch = node.epoch();
    boolean same = now.equals(role) && nowEpoch == epoch;
    if (!same) {
      String before = role == null ? "" : ", it was " + named(role, epoch);
      node.events()
          .publish(EventKind.ROLE_CHANGED, null, "this node is " + named(now, nowEpoch) + before);
      role = now;
      epoch = nowEpoch;
    }
  }

  private static String named(String role, long epoch) {
    return (role.equals("standby") ? "standing by" : "a " + role)
        + (epoch == 0 ? "" : " in epoch " + epoch);
  }

  /** What is wrong with a database; empty when nothing is. */
  public List<HealthProblem> of(String database) {
    return shown.ofDatabases().getOrDefault(database, List.of());
  }

  /** What is wrong with the node itself; empty when nothing is. */
  public List<HealthProblem> ofNode() {
    return shown.ofNode();
  }

  /** All databases as the last look saw them; null when there was none lately. */
  public @Nullable List<DatabaseStatus> databases() {
    Shown last = shown;
    long age = clock.millis() - last.millis();
    return age >= 0 && age <= STALE_MILLIS ? last.databases() : null;
  }

  @Override
  public void close() {
    stopped.countDown();
    thread.interrupt();
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
