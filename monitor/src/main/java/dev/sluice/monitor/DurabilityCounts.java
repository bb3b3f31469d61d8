package dev.sluice.monitor;

import dev.sluice.durability.DurabilityListener;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;

/** What commits wait for beyond their node, for Prometheus. Safe for use by many threads. */
final class DurabilityCounts implements DurabilityListener {
  private final Histogram waitSeconds;
  private final Counter refused;
  private final Gauge degraded;

  DurabilityCounts(CollectorRegistry registry) {
    waitSeconds = Metric.DURABILITY_WAIT_SECONDS.histogram(registry);
    refused = Metric.DURABILITY_REFUSED.counter(registry);
    degraded = Metric.DURABILITY_DEGRADED.gauge(registry);
  }

  @Override
  public void waited(long nanos) {
    waitSeconds.observe(nanos / 1e9);
  }

  @Override
  public void refused() {
    refused.inc();
  }

  @Override
  public void degraded(boolean now) {
    degraded.set(now ? 1 : 0);
  }
}
