package dev.sluice.node;

import dev.sluice.node.Event.Change;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The last events of a node, and whoever wants to hear of the next. Safe for many threads. */
public final class EventLog {
  /** How many are kept; who asks more seldom than so many happen misses some. */
  public static final int CAPACITY = 1_000;

  private static final DateTimeFormatter MILLIS =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  private final Clock clock;
  private final CopyOnWriteArrayList<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();

  /** The oldest first. Guarded by {@link #lock}. */
  private final Deque<Event> events = new ArrayDeque<>();

  /** Guarded by {@link #lock}. */
  private long lastId;

  public EventLog() {
    this(Clock.systemUTC());
  }

  /** As {@link #EventLog()}, with the clock that says when something happened. */
  public EventLog(Clock clock) {
    this.clock = clock;
  }

  /** A time as events have it, in ms: {@code 2026-11-26T08:00:00.123Z}. */
  public static String text(Instant time) {
    return MILLIS.format(time);
  }

  /** Something has happened that is no state of health. */
  public Event publish(EventKind kind, @Nullable String database, String message) {
    return publish(kind, kind.severity(), null, database, message);
  }

  /** Something has happened. Listeners are told before this returns, in order. */
  public Event publish(
      EventKind kind,
      Severity severity,
      @Nullable Change change,
      @Nullable String database,
      String message) {
    lock.lock();
    try {
      Event event =
          new Event(++lastId, text(clock.instant()), severity, kind, change, database, message);
      if (events.size() == CAPACITY) {
        events.removeFirst();
      }
      events.addLast(event);
      listeners.forEach(listener -> listener.accept(event));
      return event;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Events, the oldest first.
   *
   * @param after id of the last that is known; those of this node before its start are not
   * @param limit how many at most
   */
  public List<Event> after(long after, int limit) {
    lock.lock();
    try {
      long known = after > lastId ? 0 : after;
      return events.stream().filter(event -> event.id() > known).limit(limit).toList();
    } finally {
      lock.unlock();
    }
  }

  /** The last events, the oldest of them first. */
  public List<Event> last(int limit) {
    lock.lock();
    try {
      List<Event> all = new ArrayList<>(events);
      return List.copyOf(all.subList(Math.max(0, all.size() - limit), all.size()));
    } finally {
      lock.unlock();
    }
  }

  /** Tells {@code listener} of each event from now on; it must return at once. */
  public void listen(Consumer<Event> listener) {
    listeners.add(listener);
  }

  public void unlisten(Consumer<Event> listener) {
    listeners.remove(listener);
  }
}
