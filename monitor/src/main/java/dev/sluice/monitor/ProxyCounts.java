package dev.sluice.monitor;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.Locale;

/** What the proxy before an application did; part of {@link Metrics}. Safe for many threads. */
public final class ProxyCounts {
  /** What became of a request. */
  public enum Kind {
    /** A read, answered by the application of this node. */
    READ,
    /** A write, answered by the application of this node. */
    WRITE,
    /** A write, sent to the primary. */
    FORWARDED,
    /** A read that the application of this node could not answer, sent to the primary. */
    RETRIED,
    /** Answered by the proxy itself, with an error or by sending the client elsewhere. */
    REFUSED;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  /** How holding a read ended. */
  public enum Hold {
    REACHED,
    TIMED_OUT,
    /** What the client has seen is on another history. */
    DIVERGED,
    /** The node was stopped. */
    STOPPED;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  private final Counter requests;
  private final Counter held;
  private final Gauge open;
  private final Histogram seconds;

  ProxyCounts(CollectorRegistry registry) {
    requests =
        Counter.build(
                "sluice_proxy_requests_total", "Requests to the proxy by what became of them.")
            .labelNames("kind")
            .withoutExemplars()
            .register(registry);
    held =
        Counter.build("sluice_proxy_held_total", "Reads that had to wait for what was written.")
            .labelNames("outcome")
            .withoutExemplars()
            .register(registry);
    open = Gauge.build("sluice_proxy_held_open", "Reads that wait now.").register(registry);
    seconds =
        Histogram.build("sluice_proxy_held_seconds", "How long reads had to wait.")
            .buckets(1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.2, 0.5, 1, 2, 5, 10)
            .withoutExemplars()
            .register(registry);
    for (Kind kind : Kind.values()) {
      requests.labels(kind.label);
    }
    for (Hold outcome : Hold.values()) {
      held.labels(outcome.label);
    }
  }

  public void request(Kind kind) {
    requests.labels(kind.label).inc();
  }

  public void holdStarted() {
    open.inc();
  }

  public void held(Hold outcome, double heldSeconds) {
    open.dec();
    held.labels(outcome.label).inc();
    seconds.observe(heldSeconds);
  }
}
