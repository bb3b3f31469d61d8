package dev.sluice.fuse.binding;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Who of the session's threads reads the device.
 *
 * <p>Waking a sleeping thread on another processor costs some 50 µs, more than most requests take,
 * so one thread reads and answers request after request, and spins for a moment before it sleeps.
 * Two that spin are slower than one on two processors. Work that may wait must not hold up the
 * rest:
 *
 * <ul>
 *   <li>before a cold read, {@link #release} lets another thread read on at once, so that the disk
 *       has several reads to do;
 *   <li>before an fsync or a lock, {@link #mayWait} keeps the role for a while. Mostly the wait is
 *       shorter than {@value #PATIENCE_MICROS} µs and the client that asked is the only one, and
 *       handing over and waking up would cost as much again. Only when it takes longer a guard
 *       gives the role to another thread.
 * </ul>
 *
 * <pre>
 *          acquire            mayWait
 *   free ──────────► reading ◄────────► waiting ──► free
 *        ◄──────────          acquire     the guard, after a while
 *          release
 * </pre>
 */
public final class ReaderRole {
  static final int PATIENCE_MICROS = 1000;

  private static final long PATIENCE_NANOS = TimeUnit.MICROSECONDS.toNanos(PATIENCE_MICROS);

  /** The guard goes on looking for so long after it last saw somebody wait. */
  private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** One thread in the role, in one of two states: made once a thread, compared by identity. */
  private static final class Holder {
    final boolean waits;
    final @Nullable Holder waiting;
    volatile long sinceNanos;

    private Holder(boolean waits) {
      this.waits = waits;
      this.waiting = waits ? null : new Holder(true);
    }

    static Holder reading() {
      return new Holder(false);
    }
  }

  private final ThreadLocal<Holder> mine = ThreadLocal.withInitial(Holder::reading);

  /** Null while nobody has the role. */
  private final AtomicReference<@Nullable Holder> holder = new AtomicReference<>();

  private final Object freed = new Object();

  /** Threads that wait for the role. Guarded by {@link #freed}. */
  private int idle;

  /** What is done when the role is free and no thread waits for it. */
  private volatile Runnable starved = () -> {};

  private volatile boolean guardWatches;
  private @Nullable Thread guard;

  /** Waits for the role; returns at once when the calling thread has kept it. */
  void acquire() {
    Holder me = mine.get();
    if (holder.get() == me || holder.compareAndSet(me.waiting, me)) {
      return;
    }
    synchronized (freed) {
      while (!holder.compareAndSet(null, me)) {
        idle++;
        try {
          freed.wait();
        } catch (InterruptedException e) {
          // The session's threads end with the session, not by interruption.
        } finally {
          idle--;
        }
      }
    }
  }

  /** Has {@code action} run when the role is free and no thread waits for it. */
  void onStarved(Runnable action) {
    starved = action;
  }

  /** Gives the role to another thread. Does nothing when the calling thread has not got it. */
  public void release() {
    Holder me = mine.get();
    if (holder.compareAndSet(me, null) || holder.compareAndSet(me.waiting, null)) {
      free();
    }
  }

  private void free() {
    boolean nobody;
    synchronized (freed) {
      nobody = idle == 0;
      freed.notify();
    }
    if (nobody) {
      starved.run();
    }
  }

  /**
   * Call before what may wait for a lock or a disk: another thread reads the next request when it
   * takes long. Does nothing when the calling thread has not got the role.
   */
  public void mayWait() {
    Holder me = mine.get();
    Holder waiting = me.waiting;
    if (waiting == null || holder.get() != me) {
      return;
    }
    waiting.sinceNanos = System.nanoTime();
    holder.set(waiting);
    if (!guardWatches) {
      LockSupport.unpark(guard());
    }
  }

  private synchronized Thread guard() {
    Thread thread = guard;
    if (thread == null) {
      thread = new Thread(this::watch, "fuse-guard");
      thread.setDaemon(true);
      guard = thread;
      thread.start();
    }
    return thread;
  }

  private void watch() {
    long lastSeen = System.nanoTime();
    while (true) {
      guardWatches = true;
      long now = System.nanoTime();
      Holder current = holder.get();
      if (current != null && current.waits) {
        lastSeen = now;
        if (now - current.sinceNanos >= PATIENCE_NANOS && holder.compareAndSet(current, null)) {
          free();
        }
      } else if (now - lastSeen > WATCH_NANOS) {
        guardWatches = false;
        current = holder.get();
        if (current == null || !current.waits) {
          LockSupport.park();
          lastSeen = System.nanoTime();
        }
        continue;
      }
      LockSupport.parkNanos(PATIENCE_NANOS / 2);
    }
  }
}
