package dev.sluice.cli.system.history;

/**
 * A planned change of the primary that succeeded.
 *
 * @param epoch that ended with it
 * @param successor node that the lease was given to; another may have got it all the same
 */
public record Handoff(long epoch, int successor) {}
