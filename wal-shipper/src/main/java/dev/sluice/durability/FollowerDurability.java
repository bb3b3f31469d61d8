package dev.sluice.durability;

import dev.sluice.durability.InSyncSet.Change;
import dev.sluice.durability.InSyncSet.Waiter;
import dev.sluice.follow.FollowerListener;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.node.DurabilityStatus;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A commit returns when followers have it on their disks: all of those that may be the primary
 * next, and as many as were asked for.
 *
 * <pre>
 *   commit ─► log ─► stream ─► log of the follower ─► fsync ─► POST /v1/acks ─► acknowledged ─► commit returns
 * </pre>
 *
 * The set of those nodes is {@link InSyncSet}; the thread "in-sync" has it written to the record of
 * the lease. For one term of a primary. Safe for use by many threads.
 */
public final class FollowerDurability implements Durability, FollowerListener {
  private static final Logger log = LoggerFactory.getLogger(FollowerDurability.class);

  /** So often in the time for a commit it is looked who is late. */
  private static final int LOOKS_PER_TIMEOUT = 20;

  private static final long RETRY_MILLIS = 200;

  /** The record of the lease, which this node holds. */
  public interface LeaseSet {
    /**
     * Says which nodes beside this one may be the primary next.
     *
     * @param nodes null when any may
     * @return false when the lease is lost
     * @throws IOException when it is not known whether that was written
     */
    boolean write(@Nullable List<String> nodes) throws IOException;
  }

  private final DurabilityPolicy policy;
  private final Databases databases;
  private final LeaseSet lease;
  private final DurabilityListener listener;
  private final Thread thread = new Thread(this::run, "in-sync");

  private final ReentrantLock lock = new ReentrantLock();

  /** Something has changed for the thread. */
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}. */
  private final InSyncSet set;

  /** Guarded by {@link #lock}. */
  private final WaitingCommits<Waiter> waiters = new WaitingCommits<>(lock);

  /** Guarded by {@link #lock}. */
  private boolean closed;

  private volatile @Nullable String tooFew;
  private volatile boolean degraded;

  /**
   * @param inSync the nodes that are in the record now; null when any may be the primary next
   */
  public FollowerDurability(
      DurabilityPolicy policy,
      @Nullable List<String> inSync,
      Databases databases,
      LeaseSet lease,
      DurabilityListener listener) {
    this.policy = policy;
    this.databases = databases;
    this.lease = lease;
    this.listener = listener;
    this.set = new InSyncSet(policy, inSync, System.nanoTime());
    thread.setDaemon(true);
  }

  public void start() {
    listener.degraded(false);
    thread.start();
  }

  @Override
  public boolean wantsAcks() {
    return true;
  }

  @Override
  public void connected(String node) {
    lock.lock();
    try {
      set.connected(node);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void disconnected(String node) {
    lock.lock();
    try {
      set.disconnected(node, System.nanoTime());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void acknowledged(String node, Map<String, Position> positions) {
    Map<String, Long> txids = new HashMap<>();
    positions.forEach(
        (name, position) -> {
          // Of another history it says nothing about this one.
          Database database = databases.get(name);
          if (database != null && database.log().contains(position)) {
            txids.put(name, position.txid());
          }
        });
    lock.lock();
    try {
      boolean watched = set.isWatched(node);
      set.acknowledged(node, txids, watched ? positions() : Map.of());
      if (watched) {
        changed.signal();
      }
      wakeDurable(txids.keySet());
    } finally {
      lock.unlock();
    }
  }

  /** Wakes whoever waits for nothing any more. */
  private void wakeDurable(@Nullable Collection<String> of) {
    waiters.wake(
        waiter ->
            (of == null || of.contains(waiter.database()))
                && set.isDurable(waiter.database(), waiter.txid()));
  }

  private Map<String, Long> positions() {
    Map<String, Long> positions = new HashMap<>();
    for (Database database : databases.all()) {
      long txid = database.position().txid();
      if (txid != 0) {
        positions.put(database.name(), txid);
      }
    }
    return positions;
  }

  @Override
  public void check(String database) throws IOException {
    String why = tooFew;
    if (why != null) {
      listener.refused();
      throw new IOException("not enough followers: " + why);
    }
  }

  @Override
  public void await(Database database, Position position, Runnable beforeWait) throws IOException {
    long started = System.nanoTime();
    Waiter waiter = new Waiter(database.name(), position.txid(), started);
    boolean durable;
    lock.lock();
    try {
      durable = isDurable(waiter);
    } finally {
      lock.unlock();
    }
    if (!durable) {
      beforeWait.run();
      await(waiter);
    }
    listener.waited(System.nanoTime() - started);
  }

  private boolean isDurable(Waiter waiter) throws IOException {
    if (closed) {
      throw new IOException("this node is the primary no more");
    }
    return set.isDurable(waiter.database(), waiter.txid());
  }

  private void await(Waiter waiter) throws IOException {
    lock.lock();
    try {
      long deadline = waiter.sinceNanos() + policy.timeout().toNanos();
      if (!waiters.await(waiter, deadline, () -> isDurable(waiter))) {
        throw late(waiter);
      }
    } finally {
      lock.unlock();
    }
  }

  private IOException late(Waiter waiter) {
    listener.refused();
    Set<String> lacking = set.lacking(waiter.database(), waiter.txid());
    String why =
        lacking.isEmpty()
            ? set.recorded().size() + " followers are in sync, of " + policy.followers()
            : "followers " + String.join(", ", lacking) + " do not have it";
    return new IOException(
        "not durable within " + policy.timeout().toMillis() + " ms, and taken back: " + why);
  }

  private void run() {
    boolean failing = false;
    try {
      while (true) {
        Change change = awaitChange(failing);
        if (change == null) {
          return;
        }
        if (!failing) {
          announce(change);
        }
        try {
          Set<String> nodes = change.nodes();
          if (!lease.write(nodes == null ? null : List.copyOf(new TreeSet<>(nodes)))) {
            log.debug("the lease is lost; nobody is in sync any more");
            failing = true;
            continue;
          }
          failing = false;
          written(change);
        } catch (IOException e) {
          if (!failing) {
            log.warn(
                "which followers are in sync could not be written to the lease, trying again: {}",
                e.getMessage());
          }
          failing = true;
        }
      }
    } catch (InterruptedException e) {
      log.debug("interrupted", e);
    }
  }

  private static void announce(Change change) {
    if (!change.left().isEmpty()) {
      log.warn(
          "followers {} are no longer in sync: gone, or behind for too long",
          String.join(", ", change.left()));
    }
  }

  private void written(Change change) {
    lock.lock();
    try {
      set.written(change);
      log.info("in sync: {}", change.nodes() == null ? "nobody" : new TreeSet<>(change.nodes()));
      stateChanged();
      wakeDurable(null);
    } finally {
      lock.unlock();
    }
  }

  /** What is to be written next, once there is something; null at the end. */
  private @Nullable Change awaitChange(boolean failing) throws InterruptedException {
    lock.lock();
    try {
      long pause = failing ? TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS) : 0;
      while (!closed && pause > 0) {
        pause = changed.awaitNanos(pause);
      }
      while (!closed) {
        Change change = set.next(waiters.all(), positions(), System.nanoTime());
        stateChanged();
        if (change != null) {
          return change;
        }
        wakeDurable(null);
        var unused = changed.awaitNanos(policy.timeout().toNanos() / LOOKS_PER_TIMEOUT);
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Says so where it has. Under the lock. */
  private void stateChanged() {
    String why = set.tooFew(System.nanoTime());
    if ((why == null) != (tooFew == null)) {
      if (why == null) {
        log.info("enough followers are in sync again: commits are taken");
      } else {
        log.warn("commits are refused: {}", why);
      }
    }
    tooFew = why;
    if (set.isDegraded() != degraded) {
      degraded = set.isDegraded();
      listener.degraded(degraded);
      if (degraded) {
        log.warn(
            "durability is degraded: fewer than {} followers are in sync, and commits go on without"
                + " them; what is committed now may be lost with this node",
            policy.followers());
      } else {
        log.warn("durability is as configured again: followers {} are in sync", set.recorded());
      }
    }
  }

  @Override
  public DurabilityStatus status() {
    lock.lock();
    try {
      String why = tooFew;
      if (degraded) {
        why =
            "degraded: commits go on, with fewer than " + policy.followers() + " followers in sync";
      }
      List<String> nodes = set.isOpen() ? null : List.copyOf(new TreeSet<>(set.recorded()));
      return new DurabilityStatus("follower", nodes, why);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signal();
      waiters.wake(waiter -> true);
    } finally {
      lock.unlock();
    }
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    listener.degraded(false);
  }
}
