package dev.sluice.durability;

import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import dev.sluice.node.DurabilityStatus;
import dev.sluice.ship.Shipper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A commit returns when every store of its database has it. The shipper puts each transaction at
 * once, and what has come meanwhile into one file. A database whose store did not take one in time
 * is behind until that one is there: until then its commits are refused before they are cut, or go
 * on without waiting. For one term of a primary. Safe for use by many threads.
 */
public final class StoreDurability implements Durability, Shipper.Progress {
  private static final Logger log = LoggerFactory.getLogger(StoreDurability.class);

  private record Waiter(Database database, long txid, long sinceNanos) {}

  private final DurabilityPolicy policy;
  private final DurabilityListener listener;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}. */
  private final WaitingCommits<Waiter> waiters = new WaitingCommits<>(lock);

  /** Up to what their stores have to get, by database. Guarded by {@link #lock}. */
  private final Map<String, Long> behind = new TreeMap<>();

  /** Why a store did not take the last of a database. Guarded by {@link #lock}. */
  private final Map<String, String> failures = new TreeMap<>();

  /** Guarded by {@link #lock}. */
  private boolean closed;

  private volatile @Nullable Shipper shipper;

  /** Of {@link #behind}, for who need not wait for the lock. */
  private volatile boolean anyBehind;

  public StoreDurability(DurabilityPolicy policy, DurabilityListener listener) {
    this.policy = policy;
    this.listener = listener;
    listener.degraded(false);
  }

  /** The shipper that this is the {@link Shipper.Progress} of. */
  public void shipper(Shipper started) {
    shipper = started;
  }

  private boolean isStored(Database database, long txid) {
    Shipper asked = shipper;
    return asked != null && asked.isStored(database, txid);
  }

  @Override
  public void shipped(Database database) {
    lock.lock();
    try {
      failures.remove(database.name());
      Long until = behind.get(database.name());
      if (until != null && isStored(database, until)) {
        behind.remove(database.name());
        log.info("{}: its stores have everything again: commits wait for them", database.name());
        behindChanged();
      }
      wake(database);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void failed(Database database, String why) {
    lock.lock();
    try {
      failures.put(database.name(), why);
    } finally {
      lock.unlock();
    }
  }

  private void wake(Database database) {
    waiters.wake(waiter -> waiter.database() == database);
  }

  private void behindChanged() {
    boolean now = !behind.isEmpty();
    if (now != anyBehind) {
      anyBehind = now;
      if (policy.degrades()) {
        listener.degraded(now);
      }
    }
  }

  @Override
  public void check(String database) throws IOException {
    if (!anyBehind || policy.degrades()) {
      return;
    }
    lock.lock();
    try {
      if (behind.containsKey(database)) {
        listener.refused();
        throw new IOException("its store is behind: " + failure(database));
      }
    } finally {
      lock.unlock();
    }
  }

  private String failure(String database) {
    return failures.getOrDefault(database, "it gives no answer");
  }

  @Override
  public void await(Database database, Position position, Runnable beforeWait) throws IOException {
    Shipper asked = shipper;
    if (asked == null || !asked.ships(database)) {
      listener.refused();
      throw new IOException(
          "durability is 'store', and this database has none; give it one with --store");
    }
    long started = System.nanoTime();
    if (!isStored(database, position.txid())) {
      beforeWait.run();
      if (!await(new Waiter(database, position.txid(), started))) {
        return;
      }
    }
    listener.waited(System.nanoTime() - started);
  }

  /** False when it goes on without being stored. */
  private boolean await(Waiter waiter) throws IOException {
    lock.lock();
    try {
      long deadline = waiter.sinceNanos() + policy.timeout().toNanos();
      if (!waiters.await(waiter, deadline, () -> isStored(waiter) || goesOnWithout(waiter))) {
        late(waiter);
      }
      return isStored(waiter);
    } finally {
      lock.unlock();
    }
  }

  private boolean isStored(Waiter waiter) {
    return isStored(waiter.database(), waiter.txid());
  }

  private boolean goesOnWithout(Waiter waiter) throws IOException {
    if (closed) {
      throw new IOException("this node is the primary no more");
    }
    return policy.degrades() && behind.containsKey(waiter.database().name());
  }

  private void late(Waiter waiter) throws IOException {
    String name = waiter.database().name();
    behind.put(name, waiter.txid());
    behindChanged();
    long millis = policy.timeout().toMillis();
    if (policy.degrades()) {
      log.warn(
          "{}: durability is degraded: not in its stores within {} ms, and commits go on without them; what is"
              + " committed now may be lost with this node: {}",
          name,
          millis,
          failure(name));
      wake(waiter.database());
      return;
    }
    log.warn("{}: commits are refused until its stores have everything: {}", name, failure(name));
    listener.refused();
    throw new IOException(
        "not in its stores within " + millis + " ms, and taken back: " + failure(name));
  }

  /** Waits until the stores have what these databases have now; false when the time is over. */
  public boolean awaitAll(Iterable<Database> databases, long timeoutMillis) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    for (Database database : databases) {
      if (!awaitStored(database, deadline)) {
        return false;
      }
    }
    return true;
  }

  private boolean awaitStored(Database database, long deadlineNanos) throws IOException {
    Shipper asked = shipper;
    if (asked == null || !asked.ships(database)) {
      return true;
    }
    lock.lock();
    try {
      // Not by its number: beginning to ship may give it another one.
      return waiters.await(
              new Waiter(database, 0, System.nanoTime()),
              deadlineNanos,
              () -> closed || isStored(database, database.position().txid()))
          && !closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public DurabilityStatus status() {
    lock.lock();
    try {
      String why = null;
      if (!behind.isEmpty()) {
        why =
            (policy.degrades()
                    ? "degraded: commits go on, and are not in the stores yet, of "
                    : "commits are refused, as stores are behind, of ")
                + String.join(", ", behind.keySet());
      }
      return new DurabilityStatus("store", null, why);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      waiters.wake(waiter -> true);
    } finally {
      lock.unlock();
    }
    listener.degraded(false);
  }
}
