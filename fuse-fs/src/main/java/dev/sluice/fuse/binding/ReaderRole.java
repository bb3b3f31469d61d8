package dev.sluice.fuse.binding;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Who of the session's threads reads the device.
 *
 * <p>Waking a sleeping thread on another processor costs some 50 µs, more than most requests take,
 * so one thread reads and answers request after request, and spins for a moment before it sleeps.
 * Two that spin are slower than one on two processors. Work that may wait (an fsync, a cold read, a
 * lock) must not hold up the rest: whoever does it first {@link #release}s the role, and another
 * thread reads on.
 */
public final class ReaderRole {
  private final ReentrantLock lock = new ReentrantLock();

  void acquire() {
    if (!lock.isHeldByCurrentThread()) {
      lock.lock();
    }
  }

  /** Call before anything that may wait. Does nothing when the calling thread has not the role. */
  public void release() {
    if (lock.isHeldByCurrentThread()) {
      lock.unlock();
    }
  }
}
