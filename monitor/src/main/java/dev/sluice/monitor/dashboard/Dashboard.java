package dev.sluice.monitor.dashboard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.monitor.dashboard.Overview.NodeLine;
import dev.sluice.node.BackupStatus;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.Event;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeStatus;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the pages of a node show. One thread looks once a second; it asks the other nodes and
 * gathers what all say only while somebody watches. Safe for use by many threads.
 *
 * <pre>
 *   thread "sluice-dashboard"    samples this node ─► while watched: Overview ─► whoever watches
 *   threads "sluice-ask-…"       ask other nodes and stores
 * </pre>
 */
public final class Dashboard implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Dashboard.class);

  private static final int MAX_ASKING = 8;
  private static final int MAX_QUEUED = 256;
  private static final long IDLE_SECONDS = 10;

  /** Listings are not asked for again within this time. */
  private static final long LISTING_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final int MAX_LISTINGS = 32;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Takes what has changed. On the dashboard's thread: must return at once. */
  public interface Watcher {
    /** Whether anybody watches now. */
    boolean isWatched();

    /**
     * Another second is over.
     *
     * @param tick of it
     * @param since gives, as JSON, what has changed since a tick; 0 for everything
     */
    void changed(long tick, LongFunction<byte[]> since);
  }

  private record Listing(List<BackupStatus> backups, long nanos) {}

  private final NodeView node;
  private final String version;
  private final Histories histories;
  private final Terms terms = new Terms();
  private final ThreadPoolExecutor asking;
  private final Peers peers;
  private final ScheduledExecutorService thread;

  /** For the thread; null while nobody watches. */
  private @Nullable Overview overview;

  /** Guarded by itself. The oldest is dropped first. */
  private final Map<String, Listing> listings =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Listing> eldest) {
          return size() > MAX_LISTINGS;
        }
      };

  /**
   * Of a node. Does nothing before {@link #start}.
   *
   * @param version of Sluice
   */
  public Dashboard(NodeView node, String version) {
    this.node = node;
    this.version = version;
    histories = new Histories(node);
    asking =
        new ThreadPoolExecutor(
            MAX_ASKING,
            MAX_ASKING,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_QUEUED),
            task -> daemon("sluice-ask", task));
    asking.allowCoreThreadTimeOut(true);
    peers = new Peers(node, asking);
    thread = Executors.newSingleThreadScheduledExecutor(t -> daemon("sluice-dashboard", t));
  }

  private static Thread daemon(String name, Runnable task) {
    Thread made = new Thread(task, name);
    made.setDaemon(true);
    return made;
  }

  /** Begins to look. */
  public void start(Watcher watcher) {
    node.databases().listen(histories);
    var unused =
        thread.scheduleAtFixedRate(
            () -> guarded(() -> second(watcher)),
            Histories.STEP_MILLIS,
            Histories.STEP_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  /** Somebody has come to watch, and is shown something at once. */
  public void wake(Watcher watcher) {
    thread.execute(() -> guarded(() -> show(watcher, overview == null)));
  }

  /** A failure must not end the looks that follow. */
  private static void guarded(Runnable look) {
    try {
      look.run();
    } catch (RuntimeException e) {
      log.warn("the dashboard could not be brought up to date: {}", e.toString());
      log.debug("dashboard", e);
    }
  }

  private void second(Watcher watcher) {
    histories.sample();
    ClusterView cluster = node.cluster();
    if (cluster != null) {
      terms.look(cluster.status());
    }
    show(watcher, true);
  }

  private void show(Watcher watcher, boolean look) {
    if (!watcher.isWatched()) {
      overview = null;
      return;
    }
    Overview of = overview;
    if (of == null) {
      of = new Overview();
      overview = of;
    }
    if (look) {
      ClusterView view = node.cluster();
      ClusterStatus cluster = view == null ? null : view.status();
      of.look(lines(cluster), cluster);
    }
    Overview current = of;
    Map<Long, byte[]> made = new HashMap<>();
    watcher.changed(
        of.tick(),
        since ->
            made.computeIfAbsent(
                since,
                last -> json(current.since(last, lastEvent(), histories.commits(), terms.all()))));
  }

  private long lastEvent() {
    List<Event> last = node.events().last(1);
    return last.isEmpty() ? 0 : last.get(0).id();
  }

  private Map<String, NodeLine> lines(@Nullable ClusterStatus cluster) {
    Map<String, NodeLine> lines = new LinkedHashMap<>();
    String url = cluster == null || cluster.nodes().isEmpty() ? null : cluster.nodes().get(0).url();
    lines.put(
        node.nodeId(),
        new NodeLine(
            node.nodeId(),
            url,
            true,
            null,
            cluster == null ? 0 : cluster.leaseMillis(),
            cluster == null ? null : cluster.problem(),
            NodeStatus.of(node, version, node.status())));
    for (Peers.Seen seen : peers.look()) {
      String id = seen.nodeId();
      ClusterStatus theirs = seen.cluster();
      lines.put(
          id == null ? String.valueOf(seen.peer().url()) : id,
          new NodeLine(
              id,
              seen.peer().url(),
              false,
              seen.error(),
              theirs == null || seen.error() != null ? 0 : theirs.leaseMillis(),
              theirs == null ? null : theirs.problem(),
              seen.status()));
    }
    return lines;
  }

  private static byte[] json(Object value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The last minutes of the databases of this node. */
  public Histories histories() {
    return histories;
  }

  /** For what blocks: asking other nodes, and stores. Refuses when there is too much of it. */
  public Executor asking() {
    return asking;
  }

  /** A client of another node, by its id; null when none is known. */
  public @Nullable NodeClient peer(String nodeId) {
    return peers.client(nodeId);
  }

  /** What the stores of this node can restore of a database, as of some seconds ago. Blocks. */
  public List<BackupStatus> backups(String database) {
    synchronized (listings) {
      Listing known = listings.get(database);
      if (known != null && System.nanoTime() - known.nanos() < LISTING_NANOS) {
        return known.backups();
      }
    }
    List<BackupStatus> listed = node.backups(database);
    synchronized (listings) {
      listings.remove(database);
      listings.put(database, new Listing(listed, System.nanoTime()));
    }
    return listed;
  }

  @Override
  public void close() {
    node.databases().unlisten(histories);
    thread.shutdownNow();
    asking.shutdownNow();
  }
}
