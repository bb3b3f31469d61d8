package dev.sluice.restore;

/**
 * How to restore.
 *
 * @param target the moment
 * @param force replace an existing database, and delete its WAL and journal
 * @param threads that read, decompress and write, at least 1; each takes some 2 MiB
 * @param integrity how much is checked
 * @param databaseCheck what {@link IntegrityCheck#FULL} asks at last
 * @param listener is told of progress
 */
public record RestoreOptions(
    RestoreTarget target,
    boolean force,
    int threads,
    IntegrityCheck integrity,
    DatabaseCheck databaseCheck,
    RestoreListener listener) {
  /** As many as are used at most. */
  public static final int MAX_THREADS = 16;

  /**
   * The latest state, nothing replaced, two threads for each processor (they also wait for the
   * store and the disk) but at most 16.
   */
  public static final RestoreOptions DEFAULT =
      new RestoreOptions(
          RestoreTarget.LATEST,
          false,
          Math.min(MAX_THREADS, 2 * Runtime.getRuntime().availableProcessors()),
          IntegrityCheck.QUICK,
          DatabaseCheck.NONE,
          RestoreListener.NONE);

  public RestoreOptions {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
  }

  public RestoreOptions withTarget(RestoreTarget newTarget) {
    return new RestoreOptions(newTarget, force, threads, integrity, databaseCheck, listener);
  }

  public RestoreOptions withForce(boolean newForce) {
    return new RestoreOptions(target, newForce, threads, integrity, databaseCheck, listener);
  }

  public RestoreOptions withThreads(int newThreads) {
    return new RestoreOptions(target, force, newThreads, integrity, databaseCheck, listener);
  }

  public RestoreOptions withIntegrity(IntegrityCheck newIntegrity, DatabaseCheck check) {
    return new RestoreOptions(target, force, threads, newIntegrity, check, listener);
  }

  public RestoreOptions withListener(RestoreListener newListener) {
    return new RestoreOptions(target, force, threads, integrity, databaseCheck, newListener);
  }
}
