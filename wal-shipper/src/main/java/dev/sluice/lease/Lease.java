package dev.sluice.lease;

import dev.sluice.lease.Register.Versioned;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A node's view of the lease, and its hold on it.
 *
 * <p>Clocks of different machines are never compared. The holder counts its time from before it
 * asked for a renewal, and gives up a tenth of it for clocks that run at different speeds. Others
 * count from after they read a record, and take it for expired when they have read the same one for
 * all of its time to live. So the holder stops before anybody else may begin.
 *
 * <p>Safe for use by many threads.
 */
public final class Lease implements Closeable {
  /** Clocks of a machine that run at most this part faster or slower do no harm. */
  private static final int DRIFT_PART = 10;

  /** How much the time of day may differ from the time that went by until it counts as a pause. */
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Time on this machine. */
  public interface Clocks {
    /** Of the system, monotonic. */
    Clocks SYSTEM =
        new Clocks() {
          @Override
          public long nanoTime() {
            return System.nanoTime();
          }

          @Override
          public long dayMillis() {
            return System.currentTimeMillis();
          }
        };

    /** Monotonic. */
    long nanoTime();

    /** Time of day, in milliseconds: goes on while a virtual machine is stopped. */
    long dayMillis();
  }

  /** How the lease stands, as far as this node can tell. */
  public enum State {
    /** Nobody had it yet, or the holder gave it back. */
    FREE,
    /** Somebody has it, this node or another. */
    HELD,
    /** The holder has not renewed it in time. */
    EXPIRED
  }

  /**
   * What was seen.
   *
   * @param record what the register holds; null when nobody had the lease yet
   */
  public record View(State state, @Nullable LeaseRecord record) {
    /** 0 before the first. */
    public long epoch() {
      return record == null ? 0 : record.epoch();
    }
  }

  private final Register register;
  private final String node;
  private final @Nullable String url;
  private final long ttlMillis;
  private final Clocks clocks;
  private final ReentrantLock lock = new ReentrantLock();

  /** What was last read or written. Guarded by {@link #lock}. */
  private @Nullable Versioned seen;

  /** When that was read for the first time. Guarded by {@link #lock}. */
  private long seenNanos;

  /** What this node has written as the holder; null when it is not. Guarded by {@link #lock}. */
  private @Nullable LeaseRecord own;

  /** What of {@link #own} the next renewal writes. Guarded by {@link #lock}. */
  private @Nullable List<String> inSync;

  /** Until when this node may write, in {@link Clocks#nanoTime}; valid while {@link #epoch} > 0. */
  private volatile long untilNanos;

  /** Time of day and monotonic time at the last renewal, in one: see {@link #isHeld}. */
  private volatile long dayOffsetNanos;

  /** Of this node's term; 0 when it holds nothing. */
  private volatile long epoch;

  /**
   * @param node id of this node
   * @param url where other nodes reach it; null when it takes no followers
   * @param ttl how long the lease lasts without a renewal, at least 100 ms
   */
  public Lease(Register register, String node, @Nullable String url, Duration ttl, Clocks clocks) {
    if (ttl.toMillis() < 100) {
      throw new IllegalArgumentException("a lease of " + ttl.toMillis() + " ms: give it 100 ms");
    }
    this.register = register;
    this.node = node;
    this.url = url;
    this.ttlMillis = ttl.toMillis();
    this.clocks = clocks;
  }

  /** Where other nodes reach this one; null when it takes no followers. */
  public @Nullable String url() {
    return url;
  }

  /** How long it lasts without a renewal. */
  public long ttlMillis() {
    return ttlMillis;
  }

  /** Asks the register. */
  public View look() throws IOException {
    lock.lock();
    try {
      Optional<Versioned> now = register.read();
      long nanos = clocks.nanoTime();
      if (now.isEmpty()) {
        seen = null;
        return new View(State.FREE, null);
      }
      Versioned before = seen;
      if (before == null || !before.version().equals(now.get().version())) {
        seenNanos = nanos;
      }
      seen = now.get();
      LeaseRecord record = LeaseRecord.parse(seen.value(), register);
      if (record.holder() == null) {
        return new View(State.FREE, record);
      }
      boolean expired = nanos - seenNanos > TimeUnit.MILLISECONDS.toNanos(record.ttlMillis());
      // Of this node: a process before this one had it, and is gone.
      boolean left = record.holder().equals(node) && epoch != record.epoch();
      return new View(expired || left ? State.EXPIRED : State.HELD, record);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the lease as it was last seen.
   *
   * @param inSync see {@link LeaseRecord}
   * @return false when somebody else was faster
   */
  public boolean tryAcquire(@Nullable List<String> inSync) throws IOException {
    lock.lock();
    try {
      Versioned before = seen;
      LeaseRecord last = before == null ? null : LeaseRecord.parse(before.value(), register);
      this.inSync = inSync;
      return write(
          new LeaseRecord(
              last == null ? 1 : last.epoch() + 1, node, url, ttlMillis, 1, inSync, null));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Prolongs it.
   *
   * @return false when it is lost: somebody else has written
   * @throws IOException when that is not known; it still runs until its time is over
   */
  public boolean renew() throws IOException {
    lock.lock();
    try {
      LeaseRecord mine = own;
      if (mine == null) {
        return false;
      }
      return write(
          new LeaseRecord(mine.epoch(), node, url, ttlMillis, mine.renewal() + 1, inSync, null));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Says which nodes have every acknowledged transaction: they alone may be next.
   *
   * @param nodes null when any may
   * @return false when the lease is lost
   */
  public boolean keepInSync(@Nullable List<String> nodes) throws IOException {
    lock.lock();
    try {
      inSync = nodes == null ? null : List.copyOf(nodes);
      return renew();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives it back: this node may not write from now on.
   *
   * @param successor who is to be next; null for anybody
   */
  public void release(@Nullable String successor) throws IOException {
    lock.lock();
    try {
      LeaseRecord mine = own;
      epoch = 0;
      own = null;
      if (mine == null) {
        return;
      }
      LeaseRecord free =
          new LeaseRecord(
              mine.epoch(), null, url, ttlMillis, mine.renewal() + 1, inSync, successor);
      Versioned before = seen;
      Optional<String> version = register.write(free.bytes(), before);
      if (version.isPresent()) {
        seen = new Versioned(free.bytes(), version.get());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Holds it no more, without telling anybody: it was lost. */
  public void drop() {
    lock.lock();
    try {
      epoch = 0;
      own = null;
    } finally {
      lock.unlock();
    }
  }

  /** Writes a record of this node over what was seen; true when this node holds the lease then. */
  private boolean write(LeaseRecord record) throws IOException {
    long nanos = clocks.nanoTime();
    long day = clocks.dayMillis();
    byte[] bytes = record.bytes();
    Optional<String> version;
    try {
      version = register.write(bytes, seen);
    } catch (IOException e) {
      // It may have been written all the same: then this is what is read next.
      version = Optional.empty();
      if (!isThere(record)) {
        throw e;
      }
    }
    if (version.isPresent()) {
      seen = new Versioned(bytes, version.get());
      seenNanos = nanos;
    } else if (!isThere(record)) {
      own = null;
      epoch = 0;
      return false;
    }
    own = record;
    dayOffsetNanos = TimeUnit.MILLISECONDS.toNanos(day) - nanos;
    untilNanos = nanos + TimeUnit.MILLISECONDS.toNanos(ttlMillis - ttlMillis / DRIFT_PART);
    epoch = record.epoch();
    return true;
  }

  /** Whether the register holds {@code record}: a write whose answer was lost. */
  private boolean isThere(LeaseRecord record) throws IOException {
    look();
    Versioned there = seen;
    return there != null && LeaseRecord.parse(there.value(), register).equals(record);
  }

  /**
   * Whether this node may write at this moment. Costs no request. False, too, when the machine was
   * stopped since the last renewal, which its monotonic clock may not show but the time of day
   * does.
   */
  public boolean isHeld() {
    long nanos = clocks.nanoTime();
    return epoch > 0
        && nanos - untilNanos < 0
        && TimeUnit.MILLISECONDS.toNanos(clocks.dayMillis()) - nanos - dayOffsetNanos < STEP_NANOS;
  }

  /** Milliseconds that are left of it; 0 when this node does not hold it. */
  public long leftMillis() {
    return isHeld()
        ? Math.max(0, TimeUnit.NANOSECONDS.toMillis(untilNanos - clocks.nanoTime()))
        : 0;
  }

  /** Of this node's term; 0 when it has none. */
  public long epoch() {
    return epoch;
  }

  @Override
  public void close() throws IOException {
    register.close();
  }

  @Override
  public String toString() {
    return register.toString();
  }
}
