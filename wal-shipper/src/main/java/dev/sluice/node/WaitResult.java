package dev.sluice.node;

import dev.sluice.ltx.Position;
import org.jspecify.annotations.Nullable;

/**
 * How waiting for a position on another node ended.
 *
 * @param applied where the database stood there when the node answered; null when it has none of
 *     that name
 */
public record WaitResult(Outcome outcome, @Nullable Position applied) {
  /** As {@link dev.sluice.log.WaitOutcome}, and what only a remote node can say. */
  public enum Outcome {
    /** The position is applied: readers there see it. */
    REACHED,
    /** Not within the time. */
    TIMED_OUT,
    /** The position is not on that node's history: the same TXID has another checksum there. */
    DIVERGED,
    /** The node has no database of that name. */
    UNKNOWN_DATABASE
  }

  public boolean reached() {
    return outcome == Outcome.REACHED;
  }
}
