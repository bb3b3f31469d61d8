package dev.sluice.follow;

import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a primary that wants to know what is on this follower's disk.
 *
 * <pre>
 *   thread "follower"   append ─► received ─► append ─► received …
 *   thread "acks"                └─► fsync the logs ─► tell ─► fsync what came meanwhile ─► tell …
 * </pre>
 *
 * So one fsync of a log and one request stand for all that came while the ones before were under
 * way, of all databases, and neither delays what is received. Safe for use by many threads.
 */
final class Acknowledgements implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Acknowledgements.class);

  private static final long RETRY_MILLIS = 200;

  /** Sends positions to the primary. */
  interface Sender {
    void send(Map<String, Position> positions) throws IOException, InterruptedException;
  }

  private final Sender sender;
  private final Thread thread = new Thread(this::run, "acks");
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();

  /** With transactions that the primary was not told of. Guarded by {@link #lock}. */
  private final Set<Database> received = new LinkedHashSet<>();

  /** Whether there is a primary that wants to know. Guarded by {@link #lock}. */
  private boolean wanted;

  /** Guarded by {@link #lock}. */
  private boolean closed;

  /** What was last said of a failure. Only for the thread. */
  private @Nullable String trouble;

  Acknowledgements(Sender sender) {
    this.sender = sender;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** The stream of a primary that wants to know is open: it is told where all databases are. */
  void begin(Collection<Database> all) {
    lock.lock();
    try {
      wanted = true;
      received.addAll(all);
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The stream has ended. */
  void end() {
    lock.lock();
    try {
      wanted = false;
      received.clear();
    } finally {
      lock.unlock();
    }
  }

  /** A transaction is in the log. */
  void received(Database database) {
    lock.lock();
    try {
      if (wanted && received.add(database)) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      for (List<Database> batch = take(); batch != null; batch = take()) {
        try {
          acknowledge(batch);
          trouble = null;
        } catch (IOException e) {
          report(e);
          putBack(batch);
        }
      }
    } catch (InterruptedException e) {
      log.debug("interrupted", e);
    }
  }

  private void acknowledge(List<Database> batch) throws IOException, InterruptedException {
    Map<String, Position> positions = new HashMap<>();
    for (Database database : batch) {
      Position position = database.position();
      if (!position.equals(Position.NONE)) {
        positions.put(database.name(), position);
        if (batch.size() > 1) {
          database.log().startSync();
        }
      }
    }
    for (Database database : batch) {
      database.log().sync();
    }
    sender.send(positions);
  }

  private void report(IOException e) {
    String why = e.getMessage() == null ? e.toString() : e.getMessage();
    if (!why.equals(trouble)) {
      log.warn("the primary could not be told what is on this disk, trying again: {}", why);
    }
    trouble = why;
  }

  private void putBack(List<Database> batch) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS);
      while (!closed && left > 0) {
        left = work.awaitNanos(left);
      }
      if (wanted) {
        received.addAll(batch);
      }
    } finally {
      lock.unlock();
    }
  }

  /** What has come since the last time; null at the end. */
  private @Nullable List<Database> take() throws InterruptedException {
    lock.lock();
    try {
      while (!closed && received.isEmpty()) {
        work.await();
      }
      List<Database> batch = List.copyOf(received);
      received.clear();
      return closed ? null : batch;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
