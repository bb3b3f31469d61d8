package dev.sluice.restore;

/** Is told how a restore gets on, by the thread that runs it. */
@FunctionalInterface
public interface RestoreListener {
  /** Does not listen. */
  RestoreListener NONE = (written, total) -> {};

  /**
   * Some of the database is written.
   *
   * @param writtenBytes of the database, so far; what an interrupted restore had written counts
   * @param totalBytes that the database has
   */
  void onProgress(long writtenBytes, long totalBytes);
}
