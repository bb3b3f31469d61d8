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
    waitSeconds =
        Histogram.build(
                "sluice_durability_wait_seconds",
                "Time a commit waited for followers or stores, of those that were acknowledged.")
            .buckets(200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.2, 0.5, 1, 2, 5)
            .withoutExemplars()
            .register(registry);
    refused =
        Counter.build(
                "sluice_durability_refused_total",
                "Commits refused, as too few followers or stores had them in time.")
            .withoutExemplars()
            .register(registry);
    degraded =
        Gauge.build(
                "sluice_durability_degraded",
                "1 while commits go on without waiting, as too few followers or stores are there.")
            .register(registry);
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
