/**
 * What is wrong with a node, found once a second, kept for who asks, and told to whoever should
 * hear of it. {@link dev.sluice.monitor.health.HealthMonitor} is the entry. Depends on the node's
 * interfaces, its log and the counters of the metrics.
 */
@NullMarked
package dev.sluice.monitor.health;

import org.jspecify.annotations.NullMarked;
