package dev.sluice.capture;

import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.LockBytes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Databases that were written without a journal that marks the commit ({@code cp}, {@code
 * .restore}, journal_mode MEMORY and OFF): once the writing has paused, takes SQLite's SHARED lock
 * through the mount, as a reader would, and has the change cut. On a thread of its own, which
 * serves no request.
 */
final class PlainWrites implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PlainWrites.class);

  private static final long PAUSE_MILLIS = 50;

  private final Set<DatabaseCapture> waiting = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread t = new Thread(task, "plain-writes");
            t.setDaemon(true);
            return t;
          });
  private volatile @Nullable String mountPoint;

  void mountedAt(String path) {
    mountPoint = path;
  }

  void add(DatabaseCapture database) {
    if (waiting.add(database)) {
      schedule(database);
    }
  }

  private void schedule(DatabaseCapture database) {
    if (!thread.isShutdown()) {
      var unused = thread.schedule(() -> settle(database), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void settle(DatabaseCapture database) {
    boolean done = false;
    try {
      waiting.remove(database);
      done = database.settle(0, false) || settleLocked(database);
    } catch (RuntimeException e) {
      log.error("{}: plain writes could not be looked at", database.path(), e);
    } finally {
      if (!done && waiting.add(database)) {
        schedule(database);
      }
    }
  }

  private boolean settleLocked(DatabaseCapture database) {
    String mounted = mountPoint;
    if (mounted == null) {
      return false;
    }
    int fd = PathCalls.open(mounted + '/' + database.path(), Libc.O_RDONLY, 0);
    if (fd < 0) {
      return false;
    }
    try {
      if (Libc.lock(fd, Libc.F_RDLCK, LockBytes.PENDING, 1) < 0) {
        return false;
      }
      int locked = Libc.lock(fd, Libc.F_RDLCK, LockBytes.SHARED_FIRST, LockBytes.SHARED_SIZE);
      Libc.lock(fd, Libc.F_UNLCK, LockBytes.PENDING, 1);
      return locked == 0 && database.settle(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS), true);
    } finally {
      Libc.close(fd);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    waiting.forEach(database -> database.settle(0, false));
  }
}
