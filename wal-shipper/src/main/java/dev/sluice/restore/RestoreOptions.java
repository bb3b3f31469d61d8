package dev.sluice.restore;

/**
 * How to restore.
 *
 * @param target the moment
 * @param force replace an existing database, and delete its WAL and journal
 * @param threads that read, decompress and write, at least 1; each takes some 2 MiB
 */
public record RestoreOptions(RestoreTarget target, boolean force, int threads) {
  /**
   * The latest state, nothing replaced, two threads for each processor (they also wait for the
   * store and the disk) but at most 16.
   */
  public static final RestoreOptions DEFAULT =
      new RestoreOptions(
          RestoreTarget.LATEST,
          false,
          Math.min(16, 2 * Runtime.getRuntime().availableProcessors()));

  public RestoreOptions {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
  }

  public RestoreOptions withTarget(RestoreTarget newTarget) {
    return new RestoreOptions(newTarget, force, threads);
  }

  public RestoreOptions withForce(boolean newForce) {
    return new RestoreOptions(target, newForce, threads);
  }

  public RestoreOptions withThreads(int newThreads) {
    return new RestoreOptions(target, force, newThreads);
  }
}
