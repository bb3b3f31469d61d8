package dev.sluice.durability;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which followers have every acknowledged transaction, for one term of a primary. They alone may be
 * the primary after it, so the set is in the record of the lease, and what is acknowledged goes by
 * what may be there:
 *
 * <pre>
 *              a few transactions behind             has all that was committed before
 *   follows ─────────────────────────────► joining ─────────────────────────────────────┐
 *      ▲                                  commits wait for it                           ▼
 *      │              written                                                      in the record
 *      └────────────────────────────────── late, or not connected ◄─────────────── commits wait for it
 *                                       and enough others are there
 * </pre>
 *
 * <p>Somebody is added only when commits wait for it already and it has all from before, so a
 * record with it is true whenever it is written. Somebody is left out, and not waited for any more,
 * only after a record without it was written. While it is not known which of several records is
 * there, commits wait for everybody in any of them.
 *
 * <p>Transactions are told by their TXIDs; that a follower has the same ones is checked before. Not
 * safe for use by many threads. Times are of the caller's monotonic clock.
 */
final class InSyncSet {
  /** So far a follower may be behind, in transactions, for commits to begin to wait for it. */
  private static final long NEAR_TRANSACTIONS = 1_000;

  /** A commit that waits. */
  record Waiter(String database, long txid, long sinceNanos) {}

  /**
   * What is to be written to the record of the lease.
   *
   * @param nodes null when any node may be next
   * @param left those that are in it no more
   * @param joined those that are in it from now on
   * @param degrades whether commits no longer wait for as many as they should
   */
  record Change(
      @Nullable Set<String> nodes, Set<String> left, Set<String> joined, boolean degrades) {}

  private static final class Follower {
    /** By database, the last transaction on its disk. */
    final Map<String, Long> acked = new HashMap<>();

    int streams;
    long goneSinceNanos;

    /** It was late; until it has everything again. */
    boolean late;

    boolean has(String database, long txid) {
      return Long.compareUnsigned(acked.getOrDefault(database, 0L), txid) >= 0;
    }

    boolean hasAll(Map<String, Long> positions) {
      return positions.entrySet().stream().allMatch(e -> has(e.getKey(), e.getValue()));
    }

    boolean isNear(Map<String, Long> positions) {
      long behind = 0;
      for (Map.Entry<String, Long> position : positions.entrySet()) {
        behind += Math.max(0, position.getValue() - acked.getOrDefault(position.getKey(), 0L));
      }
      return behind <= NEAR_TRANSACTIONS;
    }
  }

  private final DurabilityPolicy policy;
  private final long startNanos;
  private final Map<String, Follower> followers = new HashMap<>();

  /** What was last known to be in the record. */
  private Set<String> recorded;

  /** The record says that any node may be next. */
  private boolean open;

  /** All that may be in the record, as far as that is known. */
  private final Set<String> possible;

  /** With what each has to have before it is in the record, by database. */
  private final Map<String, Map<String, Long>> joining = new HashMap<>();

  /** A change was to be written, and it is not known whether it was. */
  private boolean uncertain;

  private boolean degraded;

  /**
   * @param nodes that are in the record at the begin of the term; null when any may be next
   */
  InSyncSet(DurabilityPolicy policy, @Nullable Collection<String> nodes, long nowNanos) {
    this.policy = policy;
    this.startNanos = nowNanos;
    this.open = nodes == null;
    this.recorded = nodes == null ? Set.of() : Set.copyOf(nodes);
    this.possible = new HashSet<>(recorded);
  }

  private Follower follower(String node) {
    return followers.computeIfAbsent(
        node,
        id -> {
          Follower made = new Follower();
          made.goneSinceNanos = startNanos;
          return made;
        });
  }

  void connected(String node) {
    Follower follower = follower(node);
    follower.streams++;
    // What it has now it says next.
    follower.acked.clear();
  }

  void disconnected(String node, long nowNanos) {
    Follower follower = follower(node);
    follower.streams--;
    follower.goneSinceNanos = nowNanos;
  }

  /**
   * A follower has these transactions on its disk.
   *
   * @param positions of all databases of this node
   */
  void acknowledged(String node, Map<String, Long> txids, Map<String, Long> positions) {
    Follower follower = follower(node);
    follower.acked.putAll(txids);
    if (follower.late && follower.streams > 0 && follower.hasAll(positions)) {
      follower.late = false;
    }
  }

  /** Whether somebody was late and is watched for having everything again. */
  boolean isWatched(String node) {
    return !recorded.contains(node) || follower(node).late;
  }

  /** Whether a commit may be acknowledged. */
  boolean isDurable(String database, long txid) {
    return (degraded || recorded.size() >= policy.followers()) && lacking(database, txid).isEmpty();
  }

  /** Who has to have it, and has not. */
  Set<String> lacking(String database, long txid) {
    Set<String> lacking = new TreeSet<>();
    for (Set<String> asked : List.of(possible, joining.keySet())) {
      for (String node : asked) {
        if (!follower(node).has(database, txid)) {
          lacking.add(node);
        }
      }
    }
    return lacking;
  }

  /** What was last known to be in the record; empty also when any node may be next. */
  Set<String> recorded() {
    return recorded;
  }

  /** Whether the record says that any node may be next, as far as that is known. */
  boolean isOpen() {
    return open;
  }

  boolean isDegraded() {
    return degraded;
  }

  /** Why a commit can't be durable in time, as far as that is known; null when it may. */
  @Nullable String tooFew(long nowNanos) {
    if (policy.degrades() || !isStarted(nowNanos)) {
      return null;
    }
    long there = recorded.stream().filter(node -> !follower(node).late).count();
    return there >= policy.followers()
        ? null
        : there
            + " of the "
            + policy.followers()
            + " followers that must have a commit are there and in sync";
  }

  private boolean isStarted(long nowNanos) {
    return nowNanos - startNanos >= policy.lateNanos();
  }

  /**
   * What is to be written now; null for nothing. {@link #written} comes next, unless it is not
   * known whether it was.
   *
   * @param waiters commits that wait
   * @param positions of all databases of this node
   */
  @Nullable Change next(Collection<Waiter> waiters, Map<String, Long> positions, long nowNanos) {
    markLate(waiters, nowNanos);
    Set<String> all = new HashSet<>(possible);
    Set<String> joined = new TreeSet<>();
    joining.forEach(
        (node, before) -> {
          if (follower(node).hasAll(before)) {
            joined.add(node);
          }
        });
    joined.removeAll(possible);
    all.addAll(joined);
    Set<String> there = new HashSet<>(all);
    there.removeIf(node -> follower(node).late);
    boolean enough = there.size() >= policy.followers();
    boolean degrades = policy.degrades() && !enough && isStarted(nowNanos);
    Set<String> nodes = enough || degrades ? there : all;
    boolean opens = degrades ? nodes.isEmpty() : open && nodes.isEmpty();
    boolean asRecorded = nodes.equals(recorded) && opens == open && !uncertain;
    join(positions);
    if (asRecorded) {
      degraded = degrades;
      return null;
    }
    uncertain = true;
    possible.addAll(nodes);
    Set<String> left = new TreeSet<>(recorded);
    left.removeAll(nodes);
    return new Change(opens ? null : Set.copyOf(nodes), left, joined, degrades);
  }

  private void markLate(Collection<Waiter> waiters, long nowNanos) {
    possible.forEach(this::follower);
    for (Map.Entry<String, Follower> each : followers.entrySet()) {
      Follower follower = each.getValue();
      if (follower.streams == 0 && nowNanos - follower.goneSinceNanos >= policy.lateNanos()) {
        follower.late = true;
      }
    }
    for (Waiter waiter : waiters) {
      if (nowNanos - waiter.sinceNanos() >= policy.lateNanos()) {
        lacking(waiter.database(), waiter.txid()).forEach(node -> follower(node).late = true);
      }
    }
    joining.keySet().removeIf(node -> follower(node).late && !possible.contains(node));
  }

  private void join(Map<String, Long> positions) {
    followers.entrySet().stream()
        .sorted(Comparator.comparing(Map.Entry::getKey))
        .filter(each -> each.getValue().streams > 0 && !each.getValue().late)
        .filter(each -> !possible.contains(each.getKey()) && !joining.containsKey(each.getKey()))
        .filter(each -> each.getValue().isNear(positions))
        .forEach(each -> joining.put(each.getKey(), positions));
  }

  /** A change is in the record now. */
  void written(Change change) {
    Set<String> nodes = change.nodes();
    uncertain = false;
    open = nodes == null;
    recorded = nodes == null ? Set.of() : nodes;
    possible.clear();
    possible.addAll(recorded);
    joining.keySet().removeIf(node -> recorded.contains(node) || follower(node).late);
    degraded = change.degrades();
  }
}
