package dev.sluice.monitor.dashboard;

import dev.sluice.node.ClusterStatus;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeException;
import dev.sluice.node.NodePeer;
import dev.sluice.node.NodeStatus;
import dev.sluice.node.NodeView;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the other nodes how they are: each once a second at most, and a node that takes long for its
 * answer less often, so that looking costs it a tenth of its time at most. For one thread, which
 * never waits for an answer; {@link #client} for any.
 */
final class Peers {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final long PACE = 10;

  private final NodeView node;
  private final Executor asking;

  /** What is known of each, by its URL, or its id when it has none. */
  private final Map<String, Asked> asked = new ConcurrentHashMap<>();

  Peers(NodeView node, Executor asking) {
    this.node = node;
    this.asking = asking;
  }

  /**
   * What another node said.
   *
   * @param status null before its first answer
   * @param cluster null when it is part of none
   * @param error why it does not answer; null when it does
   */
  record Seen(
      NodePeer peer,
      @Nullable NodeStatus status,
      @Nullable ClusterStatus cluster,
      @Nullable String error) {
    @Nullable String nodeId() {
      return status == null ? peer.nodeId() : status.nodeId();
    }
  }

  /** One of them. */
  private static final class Asked {
    volatile Seen seen;
    volatile boolean busy;
    volatile long dueNanos = System.nanoTime();

    Asked(Seen seen) {
      this.seen = seen;
    }
  }

  /** Asks those whose turn it is, and gives what is known by now. */
  List<Seen> look() {
    Set<String> keys = new HashSet<>();
    for (NodePeer peer : node.peers()) {
      String key = peer.url() != null ? peer.url() : String.valueOf(peer.nodeId());
      keys.add(key);
      Asked one =
          asked.computeIfAbsent(
              key,
              k ->
                  new Asked(
                      new Seen(
                          peer, null, null, peer.url() == null ? "it listens nowhere" : null)));
      String url = peer.url();
      if (url != null && !one.busy && System.nanoTime() - one.dueNanos >= 0) {
        ask(one, peer, url);
      }
    }
    asked.keySet().retainAll(keys);
    List<Seen> all = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    ids.add(node.nodeId());
    // Those that have answered first: one node may be known by two addresses.
    for (boolean answered : new boolean[] {true, false}) {
      for (Asked one : asked.values()) {
        Seen seen = one.seen;
        String id = seen.nodeId();
        if ((seen.status() != null) == answered && (id == null || ids.add(id))) {
          all.add(seen);
        }
      }
    }
    return all;
  }

  private void ask(Asked one, NodePeer peer, String url) {
    one.busy = true;
    try {
      asking.execute(
          () -> {
            long started = System.nanoTime();
            try {
              one.seen = ask(peer, url, one.seen);
            } finally {
              long now = System.nanoTime();
              // A little less than a second, so that a turn is not missed by a hair.
              one.dueNanos =
                  now + Math.max(TimeUnit.MILLISECONDS.toNanos(900), PACE * (now - started));
              one.busy = false;
            }
          });
    } catch (RejectedExecutionException e) {
      one.busy = false; // It is asked in a second.
    }
  }

  private Seen ask(NodePeer peer, String url, Seen before) {
    try {
      NodeClient client = new NodeClient(URI.create(url), node.access());
      NodeStatus status = client.status(TIMEOUT);
      return new Seen(peer, status, node.cluster() == null ? null : cluster(client), null);
    } catch (IOException | RuntimeException e) {
      // What it said last stays to be seen, with the reason why there is no more.
      return new Seen(peer, before.status(), before.cluster(), String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable ClusterStatus cluster(NodeClient client) throws IOException {
    try {
      return client.cluster(TIMEOUT);
    } catch (NodeException e) {
      if (e.status() == 501) {
        return null;
      }
      throw e;
    }
  }

  /** A client of a node with an id; null when none is known. */
  @Nullable NodeClient client(String nodeId) {
    List<NodePeer> known = new ArrayList<>(node.peers());
    asked.values().stream()
        .map(one -> one.seen)
        .filter(seen -> seen.status() != null)
        .map(seen -> new NodePeer(seen.nodeId(), seen.peer().url()))
        .forEach(known::add);
    return known.stream()
        .filter(peer -> nodeId.equals(peer.nodeId()) && peer.url() != null)
        .map(peer -> new NodeClient(URI.create(Objects.requireNonNull(peer.url())), node.access()))
        .findFirst()
        .orElse(null);
  }
}
