package dev.sluice.lease;

import dev.sluice.lease.Register.Versioned;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node's view of the lease, and its hold on it.
 *
 * <p>Clocks of different machines are never compared. The holder counts its time from before it
 * asked for a renewal, and gives up a tenth of it for clocks that run at different speeds. Others
 * count from after they read a record, and take it for expired when they have read the same one for
 * all of its time to live. So the holder stops before anybody else may begin:
 *
 * <pre>
 * holder    asks to renew                            stops
 *           ├──────────── 9/10 of ttl ───────────────┤
 * register        └─ written
 * another                └─ read ├──────────── ttl ─────────────┤ read again, the same: may take it
 * </pre>
 *
 * <p>What was written is known by the record itself, no two of which are alike: an answer may be
 * lost, and a request that was given up may arrive later. A hold is only ever counted from before
 * the request whose record is found in the register, and the holder replaces nothing but records of
 * its own term.
 *
 * <p>Safe for use by many threads; each request to the register holds up the others.
 */
public final class Lease implements Closeable {
  /**
   * The holder gives up one part of so many of its time: two clocks may differ in speed by as much.
   */
  private static final int MARGIN_PART = 10;

  /** Time on this machine. */
  public interface Clocks {
    /** Of the system. */
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

    /** Time of day, in milliseconds: goes on while the machine sleeps. */
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

  /**
   * What this node has asked for and got.
   *
   * @param untilNanos by {@link Clocks#nanoTime}
   * @param untilDayMillis by {@link Clocks#dayMillis}; it is over when the first of the two is
   */
  private record Hold(long epoch, long untilNanos, long untilDayMillis) {}

  private final Register register;
  private final String node;
  private final @Nullable String url;
  private final long ttlMillis;
  private final Clocks clocks;
  private final ReentrantLock lock = new ReentrantLock();

  /** What the register held when it was last read or written. Guarded by {@link #lock}. */
  private @Nullable Versioned seen;

  /** What that says; what it said before, when the register is found empty. Guarded as above. */
  private @Nullable LeaseRecord last;

  /** When {@link #seen} was read for the first time. Guarded as above. */
  private long seenNanos;

  /** {@link #seen}, while this node is the holder; null while it is not. Guarded as above. */
  private @Nullable Versioned own;

  /** The last record that this node tried to write in its term. Guarded as above. */
  private @Nullable LeaseRecord tried;

  /** What the next renewal writes. Guarded as above. */
  private @Nullable List<String> inSync;

  /** Null when this node has none. Written under the lock. */
  private volatile @Nullable Hold hold;

  /**
   * @param node id of this node; no other has the same
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

  /** Asks the register. Finds out, too, when this node has lost it. */
  public View look() throws IOException {
    lock.lock();
    try {
      read();
      return new View(state(), last);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the lease.
   *
   * @param judged what the decision was made on
   * @param nodes see {@link LeaseRecord#inSync}
   * @return false when it was not taken: it is held, or another record is there than was judged
   * @throws IOException when that is not known; look again
   */
  public boolean tryAcquire(View judged, @Nullable List<String> nodes) throws IOException {
    lock.lock();
    try {
      LeaseRecord before = last;
      if (!Objects.equals(judged.record(), before) || state() == State.HELD) {
        return false;
      }
      lose();
      inSync = nodes == null ? null : List.copyOf(nodes);
      LeaseRecord mine =
          new LeaseRecord(
              before == null ? 1 : before.epoch() + 1,
              UUID.randomUUID().toString(),
              1,
              node,
              url,
              ttlMillis,
              inSync,
              null);
      return writeToHold(mine, seen);
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
      // Twice: a renewal that was given up may have been written in the meantime. Just one may: the
      // others expect the same record before them.
      if (renewOnce()) {
        return true;
      }
      return renewOnce();
    } finally {
      lock.unlock();
    }
  }

  private boolean renewOnce() throws IOException {
    Versioned mine = own;
    LeaseRecord before = tried;
    return mine != null && before != null && writeToHold(before.next(node, inSync, null), mine);
  }

  /**
   * Says which nodes have every acknowledged transaction: they alone may be next.
   *
   * @param term epoch of the term for which that is true
   * @param nodes null when any may
   * @return false when the lease is lost, or this is another term
   * @throws IOException when it is not known whether that was written; renewals go on trying
   */
  public boolean keepInSync(long term, @Nullable List<String> nodes) throws IOException {
    lock.lock();
    try {
      if (tried == null || tried.epoch() != term) {
        return false;
      }
      inSync = nodes == null ? null : List.copyOf(nodes);
      return renew();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives it back: this node may not write from now on. It may be next itself.
   *
   * @param successor who is to be next; null for anybody
   * @throws IOException when it is not known whether that was written; if not, it expires
   */
  public void release(@Nullable String successor) throws IOException {
    lock.lock();
    try {
      hold = null;
      if (!releaseOnce(successor)) {
        releaseOnce(successor);
      }
    } finally {
      lose();
      lock.unlock();
    }
  }

  /** Holds it no more, without telling anybody: its time was over before it was renewed. */
  public void drop() {
    lock.lock();
    try {
      lose();
    } finally {
      lock.unlock();
    }
  }

  private boolean releaseOnce(@Nullable String successor) throws IOException {
    Versioned mine = own;
    LeaseRecord before = tried;
    if (mine == null || before == null) {
      return true;
    }
    List<String> others = inSync;
    List<String> all =
        others == null ? null : Stream.concat(others.stream(), Stream.of(node)).distinct().toList();
    tried = before.next(null, all, successor);
    return write(tried, mine);
  }

  /** As {@link #write}; if it is there, this node holds the lease, from before the request. */
  private boolean writeToHold(LeaseRecord record, @Nullable Versioned before) throws IOException {
    long dayMillis = clocks.dayMillis();
    long nanos = clocks.nanoTime();
    long heldMillis = ttlMillis - ttlMillis / MARGIN_PART;
    tried = record;
    if (!write(record, before)) {
      return false;
    }
    own = seen;
    hold =
        new Hold(
            record.epoch(),
            nanos + TimeUnit.MILLISECONDS.toNanos(heldMillis),
            dayMillis + heldMillis);
    return true;
  }

  /**
   * Replaces a record.
   *
   * @return whether the new one is there; if not, it will not be
   * @throws IOException when that is not known
   */
  private boolean write(LeaseRecord record, @Nullable Versioned before) throws IOException {
    byte[] bytes = record.bytes();
    IOException unknown = null;
    try {
      Optional<String> version = register.write(bytes, before);
      if (version.isPresent()) {
        seen = new Versioned(bytes, version.get());
        seenNanos = clocks.nanoTime();
        last = record;
        return true;
      }
    } catch (IOException e) {
      unknown = e;
    }
    // An answer may be lost; a request repeated on the way is refused by what its first try wrote.
    try {
      read();
    } catch (IOException e) {
      if (unknown == null) {
        throw e;
      }
      unknown.addSuppressed(e);
      throw unknown;
    }
    if (seen != null && record.equals(last)) {
      return true;
    }
    if (unknown != null && isSame(seen, before)) {
      throw unknown;
    }
    return false;
  }

  private void read() throws IOException {
    Versioned now = register.read().orElse(null);
    long nanos = clocks.nanoTime();
    LeaseRecord record = now == null ? null : LeaseRecord.parse(now.value(), register);
    if (!isSame(seen, now)) {
      seenNanos = nanos;
    }
    seen = now;
    // A record that is gone may have been renewed just before: it counts for all of its time.
    last = record == null ? last : record;
    if (own != null) {
      if (record != null && tried != null && record.term().equals(tried.term())) {
        own = now;
      } else {
        lose();
      }
    }
  }

  private void lose() {
    hold = null;
    own = null;
    tried = null;
  }

  private static boolean isSame(@Nullable Versioned a, @Nullable Versioned b) {
    return Objects.equals(a == null ? null : a.version(), b == null ? null : b.version());
  }

  private State state() {
    LeaseRecord record = last;
    if (record == null || record.holder() == null) {
      return State.FREE;
    }
    long readNanos = clocks.nanoTime() - seenNanos;
    if (readNanos > TimeUnit.MILLISECONDS.toNanos(record.ttlMillis())) {
      return State.EXPIRED;
    }
    // Of this node: a process before this one had it, and is gone. With another URL it may be that
    // of a copied data directory, on another machine.
    boolean isLeftover =
        own == null && node.equals(record.holder()) && Objects.equals(url, record.url());
    return isLeftover ? State.EXPIRED : State.HELD;
  }

  /**
   * Whether this node may write at this moment. Costs no request. The time of day counts, too: it
   * shows that the machine slept, which the monotonic clock does not. When it is put forward by
   * more than what is left of the lease, this is false until the next renewal.
   */
  public boolean isHeld() {
    return leftNanos() > 0;
  }

  /** Milliseconds that are left of it; 0 when this node does not hold it. */
  public long leftMillis() {
    return Math.max(0, TimeUnit.NANOSECONDS.toMillis(leftNanos()));
  }

  private long leftNanos() {
    Hold now = hold;
    if (now == null) {
      return 0;
    }
    // The time of day last: it shows a sleep between the two.
    long byMonotonic = now.untilNanos() - clocks.nanoTime();
    long byDay = TimeUnit.MILLISECONDS.toNanos(now.untilDayMillis() - clocks.dayMillis());
    return Math.min(byMonotonic, byDay);
  }

  /** Of this node's term, also when its time is over and nobody is known to be next; 0 for none. */
  public long epoch() {
    Hold now = hold;
    return now == null ? 0 : now.epoch();
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
