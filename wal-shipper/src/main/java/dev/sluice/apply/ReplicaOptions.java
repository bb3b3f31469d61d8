package dev.sluice.apply;

/**
 * How a replica is written.
 *
 * @param lockTimeoutMillis the longest wait for one lock that an application holds; 0 to try once
 * @param checkpointPages frames in the WAL from which an apply also checkpoints
 * @param sync fsync at the points where SQLite's {@code synchronous=NORMAL} does; without it a
 *     power loss may cost the replica, which is then fetched again
 */
public record ReplicaOptions(int lockTimeoutMillis, int checkpointPages, boolean sync) {
  public static final ReplicaOptions DEFAULT = new ReplicaOptions(5_000, 1_000, false);

  public ReplicaOptions {
    if (lockTimeoutMillis < 0 || checkpointPages < 1) {
      throw new IllegalArgumentException(
          "lockTimeoutMillis " + lockTimeoutMillis + ", checkpointPages " + checkpointPages);
    }
  }
}
