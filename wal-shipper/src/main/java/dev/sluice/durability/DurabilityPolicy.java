package dev.sluice.durability;

import java.time.Duration;

/**
 * When a commit counts as durable.
 *
 * @param followers that must have it on their disks, at least
 * @param timeout how long a commit may wait
 * @param onTimeout what becomes of it then
 */
public record DurabilityPolicy(int followers, Duration timeout, OnTimeout onTimeout) {
  /** When too few have it within the time. */
  public enum OnTimeout {
    /** It fails, and is taken back. */
    REFUSE,
    /** It goes on as if nobody had been asked, until there are enough again. */
    DEGRADE
  }

  boolean degrades() {
    return onTimeout == OnTimeout.DEGRADE;
  }

  /** Who gives no sign for half of the time is given up, so that others can do within the rest. */
  long lateNanos() {
    return timeout.toNanos() / 2;
  }
}
