package dev.sluice.cli;

import dev.sluice.log.Databases;
import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.health.EventHook;
import dev.sluice.monitor.health.HealthMonitor;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.NodeView;
import java.io.Closeable;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a node finds wrong with itself, and whom it tells. Safe for use by many threads. */
final class NodeHealth implements Closeable {
  private final HealthMonitor monitor;
  private final EventHook hook;

  private NodeHealth(HealthMonitor monitor, EventHook hook) {
    this.monitor = monitor;
    this.hook = hook;
  }

  /**
   * Begins to listen to {@code databases}; nothing is looked at before {@link #start}.
   *
   * @param syncInterval how often transactions go to stores
   */
  static NodeHealth of(
      NodeView node,
      Databases databases,
      MonitoringSettings settings,
      Duration syncInterval,
      Metrics metrics) {
    HealthMonitor monitor =
        new HealthMonitor(node, settings.limits(syncInterval), Clock.systemUTC());
    databases.listen(monitor.listener());
    EventHook hook = new EventHook(node.nodeId(), settings.onEvent(), metrics.hook());
    node.events().listen(hook);
    return new NodeHealth(monitor, hook);
  }

  void start() {
    hook.start();
    monitor.start();
  }

  /** Takes other settings. */
  void change(MonitoringSettings settings, Duration syncInterval) {
    hook.change(settings.onEvent());
    monitor.change(settings.limits(syncInterval));
  }

  /** All databases as the last look saw them; null when there was none lately. */
  @Nullable List<DatabaseStatus> databases() {
    return monitor.databases();
  }

  List<HealthProblem> of(String database) {
    return monitor.of(database);
  }

  List<HealthProblem> ofNode() {
    return monitor.ofNode();
  }

  @Override
  public void close() {
    monitor.close();
    hook.close();
  }
}
