package dev.sluice.monitor.proxy;

import dev.sluice.node.ProxyAddress;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Where the proxy of the primary is. The node knows who is the primary; that one is asked for its
 * proxy, once, and again now and then. Nobody waits here: who finds nothing looks again. Safe for
 * use by many threads.
 */
final class Primaries implements Closeable {
  /** A proxy that was started anew elsewhere is found after this, or when it does not answer. */
  private static final long ASK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * A primary with a proxy.
   *
   * @param node URL of its API
   * @param url of the proxy
   * @param flyMachine as in {@link ProxyAddress}
   */
  record Primary(String node, URI url, @Nullable String flyMachine, long askedNanos) {}

  private final PrimaryNode node;
  private final AtomicBoolean asks = new AtomicBoolean();
  private final ExecutorService asking =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "sluice-proxy-primary");
            thread.setDaemon(true);
            return thread;
          });
  private volatile @Nullable Primary known;
  private volatile String problem = "there is no primary at the moment";

  Primaries(PrimaryNode node) {
    this.node = node;
  }

  /** The primary, when it and its proxy are known; otherwise null, and it is asked for. */
  @Nullable Primary now() {
    String url = node.url();
    Primary primary = known;
    if (url == null) {
      problem = "there is no primary at the moment";
      return null;
    }
    if (primary == null || !primary.node().equals(url)) {
      ask(url);
      return null;
    }
    if (System.nanoTime() - primary.askedNanos() > ASK_AGAIN_NANOS) {
      ask(url);
    }
    return primary;
  }

  /** Why there is none. */
  String problem() {
    return problem;
  }

  /** It does not answer there, for the reason given: it is asked for anew. */
  void forget(Primary primary, String why) {
    problem = why;
    if (primary.equals(known)) {
      known = null;
    }
  }

  private void ask(String url) {
    if (!asks.compareAndSet(false, true)) {
      return;
    }
    asking.execute(
        () -> {
          try {
            ProxyAddress proxy = node.proxyOf(url);
            if (proxy == null) {
              known = null;
              problem = "the primary at " + url + " has no proxy; start it with --proxy, too";
            } else {
              known =
                  new Primary(
                      url, proxy.at(URI.create(url)), proxy.flyMachine(), System.nanoTime());
            }
          } catch (IOException | RuntimeException e) {
            problem = String.valueOf(e.getMessage());
          } finally {
            asks.set(false);
          }
        });
  }

  @Override
  public void close() {
    asking.shutdownNow();
  }
}
