package dev.sluice.restore;

/**
 * How to restore.
 *
 * @param target the moment
 * @param force replace an existing database, and delete its WAL and journal
 * @param threads that read, decompress and write, at least 1; each takes some 2 MiB
 * @param readAhead whether large files are read ahead of the threads, some 24 MiB: for stores that
 *     are not on this machine
 * @param integrity how much is checked
 * @param databaseCheck what {@link IntegrityCheck#FULL} asks at last
 * @param listener is told of progress
 */
public record RestoreOptions(
    RestoreTarget target,
    boolean force,
    int threads,
    boolean readAhead,
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
          false,
          IntegrityCheck.QUICK,
          DatabaseCheck.NONE,
          RestoreListener.NONE);

  public RestoreOptions {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
  }

  /** {@link #DEFAULT}, and for any store but a directory as many threads as can be, and ahead. */
  public static RestoreOptions of(String scheme) {
    return scheme.equals("file") ? DEFAULT : DEFAULT.withThreads(MAX_THREADS).withReadAhead(true);
  }

  public RestoreOptions withReadAhead(boolean newReadAhead) {
    return new RestoreOptions(
        target, force, threads, newReadAhead, integrity, databaseCheck, listener);
  }

  public RestoreOptions withTarget(RestoreTarget newTarget) {
    return new RestoreOptions(
        newTarget, force, threads, readAhead, integrity, databaseCheck, listener);
  }

  public RestoreOptions withForce(boolean newForce) {
    return new RestoreOptions(
        target, newForce, threads, readAhead, integrity, databaseCheck, listener);
  }

  public RestoreOptions withThreads(int newThreads) {
    return new RestoreOptions(
        target, force, newThreads, readAhead, integrity, databaseCheck, listener);
  }

  public RestoreOptions withIntegrity(IntegrityCheck newIntegrity, DatabaseCheck check) {
    return new RestoreOptions(target, force, threads, readAhead, newIntegrity, check, listener);
  }

  public RestoreOptions withListener(RestoreListener newListener) {
    return new RestoreOptions(
        target, force, threads, readAhead, integrity, databaseCheck, newListener);
  }
}
