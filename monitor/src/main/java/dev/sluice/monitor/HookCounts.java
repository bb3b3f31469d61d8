package dev.sluice.monitor;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.util.Locale;

/** What became of events that are told outside, for Prometheus. Safe for use by many threads. */
public final class HookCounts {
  /** What becomes of an event. */
  public enum Outcome {
    DELIVERED,
    /** Not taken, after all tries. */
    FAILED,
    /** Not tried: too many waited. */
    DROPPED;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  private final Counter events;

  HookCounts(CollectorRegistry registry) {
    events = Metric.HOOK.counter(registry);
    for (Outcome outcome : Outcome.values()) {
      events.labels(outcome.label);
    }
  }

  public void count(Outcome outcome) {
    events.labels(outcome.label).inc();
  }
}
