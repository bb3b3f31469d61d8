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
    requests = Metric.PROXY_REQUESTS.counter(registry);
    held = Metric.PROXY_HELD.counter(registry);
    open = Metric.PROXY_HELD_OPEN.gauge(registry);
    seconds = Metric.PROXY_HELD_SECONDS.histogram(registry);
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
