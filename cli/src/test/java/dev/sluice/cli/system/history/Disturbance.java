package dev.sluice.cli.system.history;

/**
 * While a fault met a node, or had met it just before.
 *
 * @param node number of it
 * @param fromNanos before the fault
 * @param untilNanos when the node was well again
 */
public record Disturbance(int node, long fromNanos, long untilNanos) {}
