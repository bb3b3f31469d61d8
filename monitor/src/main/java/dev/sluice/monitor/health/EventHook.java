package dev.sluice.monitor.health;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.monitor.HookCounts;
import dev.sluice.monitor.HookCounts.Outcome;
import dev.sluice.node.Event;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells events outside: each goes, as JSON, to a command or a URL. Whoever publishes an event does
 * not wait for that: there is a queue, which has an end. Safe for use by many threads.
 */
public final class EventHook implements Consumer<Event>, Closeable {
  private static final Logger log = LoggerFactory.getLogger(EventHook.class);

  /** More than happen while one that hangs is given up; when more wait, the newest is dropped. */
  static final int MAX_WAITING = 256;

  private static final int TRIES = 3;
  private static final long STOP_MILLIS = 2_000;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What is told: the event, and of which node it is. */
  private record Told(String node, @JsonUnwrapped Event event) {}

  private final String node;
  private volatile @Nullable HookTarget target;
  private final HookCounts counts;
  private final Duration pause;
  private final BlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread = new Thread(this::run, "event-hook");
  private volatile boolean closed;

  /** Whether the last one failed or was dropped: that is said once. */
  private volatile boolean failing;

  /**
   * @param node id of the node
   * @param target what {@link HookTarget#parse} makes of what is configured; null to tell nobody
   */
  public EventHook(String node, @Nullable HookTarget target, HookCounts counts) {
    this(node, target, counts, Duration.ofSeconds(2));
  }

  /**
   * @param pause between two tries
   */
  EventHook(String node, @Nullable HookTarget target, HookCounts counts, Duration pause) {
    this.node = node;
    this.target = target;
    this.counts = counts;
    this.pause = pause;
    thread.setDaemon(true);
  }

  /** Tells another from now on, also what waits already; null to tell nobody. */
  public void change(@Nullable HookTarget changed) {
    if (!Objects.equals(changed, target)) {
      target = changed;
      failing = false;
    }
  }

  public void start() {
    thread.start();
  }

  @Override
  public void accept(Event event) {
    HookTarget told = target;
    if (told != null && !waiting.offer(event)) {
      counts.count(Outcome.DROPPED);
      failed(told, "too many events wait for it, and further ones are dropped");
    }
  }

  private void run() {
    try {
      while (!closed) {
        tell(waiting.take());
      }
    } catch (InterruptedException e) {
      log.debug("stopped", e);
    }
  }

  private void tell(Event event) throws InterruptedException {
    byte[] json;
    try {
      json = JSON.writeValueAsBytes(new Told(node, event));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
    for (int i = 1; ; i++) {
      HookTarget told = target;
      if (told == null) {
        return;
      }
      try {
        told.tell(json);
        counts.count(Outcome.DELIVERED);
        if (failing) {
          failing = false;
          log.info("{}: takes events again", told);
        }
        return;
      } catch (IOException e) {
        if (i == TRIES) {
          counts.count(Outcome.FAILED);
          failed(told, e.getMessage() + "; events are lost: put right what 'on-event' names");
          return;
        }
      }
      TimeUnit.MILLISECONDS.sleep(pause.toMillis());
    }
  }

  private void failed(HookTarget told, String why) {
    if (!failing) {
      failing = true;
      log.warn("{}: {}", told, why);
    }
  }

  /** Ends; what waits is not told any more. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
