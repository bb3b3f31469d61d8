package dev.sluice.monitor.health;

import java.time.Duration;

/**
 * From where on something is wrong.
 *
 * @param backupObjective how old what a store lacks may become
 * @param lagObjective how old what readers of a follower see may become
 * @param minFreeBytes what is to be free on the disk of the data directory
 */
public record HealthLimits(Duration backupObjective, Duration lagObjective, long minFreeBytes) {}
