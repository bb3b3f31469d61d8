package dev.sluice.monitor.dashboard;

import dev.sluice.log.Database;
import dev.sluice.log.DatabaseListener;
import dev.sluice.log.LogEntry;
import dev.sluice.node.DatabaseHistory;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.NodeView;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The last two minutes of each database that did something in them, a sample a second. A commit
 * costs a look-up and two adders. Safe for use by many threads.
 */
public final class Histories implements DatabaseListener {
  /** Seconds that are kept. */
  public static final int SAMPLES = 120;

  static final long STEP_MILLIS = 1_000;

  /** Of so many at a time, some 2 KB each. The others have no charts until one of these rests. */
  private static final int MAX_DATABASES = 8_192;

  private final NodeView node;
  private final Map<String, Ring> rings = new ConcurrentHashMap<>();

  /** When the last sample ended. */
  private volatile long endMillis;

  /** Of {@code node}, whose databases it is to listen to. */
  public Histories(NodeView node) {
    this.node = node;
    this.endMillis = System.currentTimeMillis();
  }

  /** One database. */
  private static final class Ring {
    final LongAdder commits = new LongAdder();
    final LongAdder nanos = new LongAdder();

    // Guarded by this.

    private final int[] rate = new int[SAMPLES];
    private final int[] micros = new int[SAMPLES];
    private final int[] lag = new int[SAMPLES];

    /** Of the oldest sample, which is overwritten next. */
    private int next;

    private int idle;

    /** Ends a second; false when there was none with anything in it for long. */
    synchronized boolean sample(long lagMillis) {
      long count = commits.sumThenReset();
      long took = nanos.sumThenReset();
      rate[next] = clamp(count);
      micros[next] = clamp(count == 0 ? 0 : took / count / 1_000);
      lag[next] = clamp(lagMillis);
      next = (next + 1) % SAMPLES;
      idle = count == 0 && lagMillis == 0 ? idle + 1 : 0;
      return idle < SAMPLES;
    }

    private static int clamp(long value) {
      return (int) Math.max(0, Math.min(Integer.MAX_VALUE, value));
    }

    private List<Integer> inOrder(int[] samples) {
      List<Integer> list = new ArrayList<>(SAMPLES);
      for (int i = 0; i < SAMPLES; i++) {
        list.add(samples[(next + i) % SAMPLES]);
      }
      return list;
    }

    synchronized DatabaseHistory history(String nodeId, long endMillis) {
      return new DatabaseHistory(
          nodeId, endMillis, STEP_MILLIS, inOrder(rate), inOrder(micros), inOrder(lag));
    }

    synchronized List<Integer> rates() {
      return inOrder(rate);
    }
  }

  @Override
  public void committed(Database database, LogEntry entry, long nanos) {
    Ring ring = ring(database.name());
    if (ring != null) {
      ring.commits.increment();
      ring.nanos.add(nanos);
    }
  }

  private @Nullable Ring ring(String name) {
    Ring known = rings.get(name);
    if (known != null || rings.size() >= MAX_DATABASES) {
      return known;
    }
    return rings.computeIfAbsent(name, n -> new Ring());
  }

  /**
   * Ends a second. A commit while a database that rested is forgotten may be missing in a chart.
   */
  void sample() {
    boolean follows = !node.role().equals("primary");
    rings.entrySet().removeIf(e -> !e.getValue().sample(follows ? lagMillis(e.getKey()) : 0));
    endMillis = System.currentTimeMillis();
  }

  private long lagMillis(String name) {
    DatabaseStatus status = node.status(name);
    FollowStatus follow = status == null ? null : status.follow();
    return follow == null ? 0 : follow.lagMillis();
  }

  /** The last two minutes of a database of this node. */
  public DatabaseHistory of(String database) {
    Ring ring = rings.get(database);
    if (ring != null) {
      return ring.history(node.nodeId(), endMillis);
    }
    List<Integer> nothing = Collections.nCopies(SAMPLES, 0);
    return new DatabaseHistory(node.nodeId(), endMillis, STEP_MILLIS, nothing, nothing, nothing);
  }

  /** Commits in each of the last seconds, oldest first, of the databases that had any. */
  Map<String, List<Integer>> commits() {
    Map<String, List<Integer>> all = new TreeMap<>();
    rings.forEach((name, ring) -> all.put(name, ring.rates()));
    return all;
  }
}
