package dev.sluice.monitor;

import dev.sluice.monitor.dashboard.Dashboard;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;

/**
 * Those who watch the dashboard: server-sent events, one a second at most. A viewer holds a
 * connection and no thread; one who is slow gets what he has missed with the next event. Safe for
 * use by many threads.
 */
final class Live implements Dashboard.Watcher, Closeable {
  /** What a node says to each costs it the more, the more there are. */
  private static final int MAX_VIEWERS = 64;

  private static final byte[] STATUS = "event: status\ndata: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

  /** One of them. Equal only to itself. */
  private static final class Viewer {
    final Exchange exchange;

    /** Of the last event that was sent; for the dashboard's thread. */
    long tick;

    /** Whether the last event still is on its way. */
    volatile boolean busy;

    Viewer(Exchange exchange) {
      this.exchange = exchange;
    }
  }

  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();

  void open(Exchange exchange) throws ApiException {
    if (viewers.size() >= MAX_VIEWERS) {
      throw new ApiException(
          503, MAX_VIEWERS + " watch this node already", "look at another node's page, or later");
    }
    // There is something to say each second; who takes nothing is cut off when a write fails.
    exchange.request().addIdleTimeoutListener(idle -> false);
    exchange.response().setStatus(200);
    exchange.response().getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    exchange.response().getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    // Proxies before the node must not hold back what is said.
    exchange.response().getHeaders().put("X-Accel-Buffering", "no");
    viewers.add(new Viewer(exchange));
  }

  @Override
  public boolean isWatched() {
    return !viewers.isEmpty();
  }

  @Override
  public void changed(long tick, LongFunction<byte[]> since) {
    for (Viewer viewer : viewers) {
      if (!viewer.busy && viewer.tick != tick) {
        long from = viewer.tick > tick ? 0 : viewer.tick;
        viewer.tick = tick;
        send(viewer, since.apply(from));
      }
    }
  }

  private void send(Viewer viewer, byte[] json) {
    ByteArrayOutputStream event =
        new ByteArrayOutputStream(STATUS.length + json.length + END.length);
    event.writeBytes(STATUS);
    event.writeBytes(json);
    event.writeBytes(END);
    viewer.busy = true;
    viewer
        .exchange
        .response()
        .write(
            false,
            ByteBuffer.wrap(event.toByteArray()),
            Callback.from(
                () -> viewer.busy = false,
                failure -> {
                  viewers.remove(viewer);
                  viewer.exchange.callback().failed(failure);
                }));
  }

  /** Ends all streams. */
  @Override
  public void close() {
    for (Viewer viewer : List.copyOf(viewers)) {
      viewers.remove(viewer);
      if (!viewer.busy) {
        viewer.exchange.response().write(true, BufferUtil.EMPTY_BUFFER, viewer.exchange.callback());
      }
    }
  }
}
