package dev.sluice.cli.system.history;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * All that clients did and saw, and what there was in the end, when all nodes agreed.
 *
 * @param nodes how many there were; they count from 1
 * @param last the list of each database in the end
 * @param disturbances when faults met nodes
 * @param stops between which moments processes of nodes were told to stop
 * @param aside tokens in what nodes have saved aside, in any database
 */
public record History(
    int nodes,
    List<Write> writes,
    List<Read> reads,
    List<Handoff> handoffs,
    List<Disturbance> disturbances,
    List<Disturbance> stops,
    Map<String, List<String>> last,
    Set<String> aside) {
  public History {
    writes = List.copyOf(writes);
    reads = List.copyOf(reads);
    handoffs = List.copyOf(handoffs);
    disturbances = List.copyOf(disturbances);
    stops = List.copyOf(stops);
    last = Map.copyOf(last);
    aside = Set.copyOf(aside);
  }

  /** The list of a database in the end. */
  List<String> last(String database) {
    return last.getOrDefault(database, List.of());
  }

  /** Where each token stands in the list of a database in the end. */
  Map<String, Integer> places(String database) {
    Map<String, Integer> places = new HashMap<>();
    List<String> tokens = last(database);
    for (int i = 0; i < tokens.size(); i++) {
      places.putIfAbsent(tokens.get(i), i);
    }
    return places;
  }

  Set<String> databases() {
    Set<String> databases = new TreeSet<>(last.keySet());
    writes.forEach(write -> databases.add(write.database()));
    reads.forEach(read -> databases.add(read.database()));
    return databases;
  }

  Map<String, Write> byToken() {
    Map<String, Write> writes = new HashMap<>();
    this.writes.forEach(write -> writes.put(write.token(), write));
    return writes;
  }

  /** Acknowledged writes that are not there in the end. */
  public List<Write> lost() {
    Map<String, Set<String>> there = new HashMap<>();
    last.forEach((database, tokens) -> there.put(database, new HashSet<>(tokens)));
    return writes.stream()
        .filter(Write::isOk)
        .filter(write -> !there.getOrDefault(write.database(), Set.of()).contains(write.token()))
        .toList();
  }

  /** The node that led in each epoch, as far as a client has seen it lead. */
  public TreeMap<Long, Integer> leaders() {
    TreeMap<Long, Integer> leaders = new TreeMap<>();
    for (Write write : writes) {
      for (long epoch : new long[] {write.before(), write.after()}) {
        if (epoch > 0) {
          leaders.put(epoch, write.node());
        }
      }
    }
    return leaders;
  }

  /** When the first commit began that was acknowledged in a later epoch. */
  long nextEpochNanos(long epoch) {
    return writes.stream()
        .filter(write -> write.isOk() && write.earliestEpoch() > epoch)
        .mapToLong(Write::commitNanos)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /**
   * Whether the node may have been stopped while the write was committed. Once it has taken a
   * commit, SQLite asks it to release locks, and then returns: who waits for that hears of the
   * commit late.
   */
  boolean isStoppedWithin(Write write) {
    return stops.stream()
        .anyMatch(
            stop ->
                stop.node() == write.node()
                    && stop.untilNanos() > write.commitNanos()
                    && stop.fromNanos() < write.endNanos());
  }

  /** Whether a node was met by no fault in that time. */
  boolean isUndisturbed(int node, long fromNanos, long untilNanos) {
    return disturbances.stream()
        .noneMatch(
            each ->
                each.node() == node
                    && each.fromNanos() < untilNanos
                    && each.untilNanos() > fromNanos);
  }

  /**
   * The first epoch from {@code epoch} on, of those that somebody was seen to lead, after which
   * another came that was not planned; empty when none did. Only behind such a one may acknowledged
   * writes be missing.
   */
  Optional<Long> unplannedEnd(long epoch) {
    TreeMap<Long, Integer> leaders = leaders();
    return leaders.isEmpty()
        ? Optional.empty()
        : LongStream.range(epoch, leaders.lastKey())
            .filter(each -> !wasPlanned(each, leaders.get(each + 1)))
            .boxed()
            .findFirst();
  }

  private boolean wasPlanned(long epoch, @Nullable Integer next) {
    return next != null && handoffs.contains(new Handoff(epoch, next));
  }
}
