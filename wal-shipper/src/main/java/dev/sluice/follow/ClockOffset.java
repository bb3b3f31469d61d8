package dev.sluice.follow;

/**
 * How far the clock of this node is ahead of that of its primary, found from the times that frames
 * carry. What a frame says was true at least the shortest way ago, so the smallest difference seen
 * comes closest: it is too large by the shortest way, and by nothing else.
 *
 * <p>Frames that were held up say nothing, and may be all that come for a while. So the smallest
 * difference counts for good, but for what two clocks may drift apart. When a clock is set, the
 * heartbeats, which wait for nothing, all differ by as much: after some of them it counts anew.
 *
 * <p>For one thread that hears, and many that ask.
 */
final class ClockOffset {
  /** Clocks of machines run at speeds that differ by less. */
  private static final double DRIFT = 200e-6;

  /** What no network holds up, time after time. */
  private static final long STEP_MILLIS = 1_000;

  private static final int STEPS = 3;

  private volatile boolean known;
  private volatile long offsetMillis;

  /** {@link #offsetMillis} before rounding. */
  private double offset;

  private long heardNanos;

  /** Heartbeats in a row that differ by more than a step, and the least of these differences. */
  private int later;

  private long leastLater;

  /**
   * A frame came.
   *
   * @param theirMillis what the primary's clock was when it sent the frame
   * @param ourMillis what this node's clock is
   * @param nanos monotonic
   * @param heartbeat the frame was sent as there was nothing else to send
   */
  void heard(long theirMillis, long ourMillis, long nanos, boolean heartbeat) {
    long difference = ourMillis - theirMillis;
    if (!known) {
      set((double) difference, nanos);
      return;
    }
    double drifted = offset + (nanos - heardNanos) / 1e6 * DRIFT;
    if (difference <= drifted) {
      set((double) difference, nanos);
      return;
    }
    set(drifted, nanos, later);
    if (!heartbeat) {
      return;
    }
    if (difference - drifted < STEP_MILLIS) {
      later = 0;
      return;
    }
    leastLater = later == 0 ? difference : Math.min(leastLater, difference);
    if (++later == STEPS) {
      set((double) leastLater, nanos);
    }
  }

  private void set(double now, long nanos) {
    set(now, nanos, 0);
  }

  private void set(double now, long nanos, int laterHeartbeats) {
    offset = now;
    heardNanos = nanos;
    offsetMillis = Math.round(now);
    later = laterHeartbeats;
    known = true;
  }

  /** Milliseconds that are to be taken from this node's time to get the primary's; 0 at first. */
  long millis() {
    return offsetMillis;
  }
}
