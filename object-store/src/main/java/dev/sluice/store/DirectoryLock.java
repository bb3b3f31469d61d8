package dev.sluice.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Keeps others from changing a directory of a store: other processes by a lock on a file in it,
 * other threads by a lock in memory (a file lock is the process's, not the thread's).
 */
final class DirectoryLock implements AutoCloseable {
  private static final String NAME = Keys.RESERVED + "lock";
  private static final ReentrantLock[] THREADS =
      Stream.generate(ReentrantLock::new).limit(64).toArray(ReentrantLock[]::new);

  private final ReentrantLock thread;
  private final FileChannel channel;
  private final FileLock lock;

  private DirectoryLock(ReentrantLock thread, FileChannel channel, FileLock lock) {
    this.thread = thread;
    this.channel = channel;
    this.lock = lock;
  }

  /** Waits for the lock of a directory, which is given by its real path. */
  static DirectoryLock of(Path directory) throws IOException {
    ReentrantLock thread = THREADS[Math.floorMod(directory.hashCode(), THREADS.length)];
    thread.lock();
    try {
      FileChannel channel =
          FileChannel.open(
              directory.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        return new DirectoryLock(thread, channel, channel.lock());
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      thread.unlock();
      throw e;
    }
  }

  /** Fails if the lock was lost. */
  void ensureHeld() {
    if (!lock.isValid()) {
      throw new IllegalStateException("the lock of the directory is not held");
    }
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      lock.release();
    } finally {
      thread.unlock();
    }
  }
}
