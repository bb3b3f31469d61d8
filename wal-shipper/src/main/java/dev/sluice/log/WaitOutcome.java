package dev.sluice.log;

/** How waiting for a position ended. */
public enum WaitOutcome {
  /** The position is applied. */
  REACHED,
  /** Not within the time. */
  TIMED_OUT,
  /** The position is not on this node's history: the same TXID has another checksum here. */
  DIVERGED
}
