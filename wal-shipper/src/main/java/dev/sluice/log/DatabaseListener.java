package dev.sluice.log;

/** Told of what happens to databases, on the thread where it happens: must return at once. */
public interface DatabaseListener {
  /** A database has become known. */
  default void added(Database database) {}

  /**
   * A transaction is in the log.
   *
   * @param nanos how long cutting it took; 0 when it came from another node
   */
  default void committed(Database database, LogEntry entry, long nanos) {}

  /** The transactions of the log have other TXIDs now; see {@link Database#renumber}. */
  default void renumbered(Database database) {}

  /** The file of a follower has caught up with {@link Database#applied}. */
  default void applied(Database database) {}

  /**
   * A transaction is in the file of a follower.
   *
   * @param nanos how long that took; its share, when it was written together with others
   * @param ageMillis how long ago it was committed, by the clock of the primary as far as this node
   *     knows it
   */
  default void applied(Database database, LogEntry entry, long nanos, long ageMillis) {}

  /** What was new in the log of a database has been fsynced, which took so long. */
  default void synced(Database database, long nanos) {}

  /** A store has got what was new of a database, which took so long. */
  default void shipped(Database database, long nanos) {}

  /** A database was restored from a store, to verify its backup or to follow it. */
  default void restored(String database, long nanos) {}

  /**
   * A follower was on another history, and has been brought to that of its primary.
   *
   * @param what from where to where, and what became of what it had
   */
  default void diverged(Database database, String what) {}

  /** A commit was refused with an error to the application. */
  default void refused(String database, Exception why) {}

  /** An application on a follower wanted to write to it, and got it read-only. */
  default void openedReadOnly(String database) {}

  /**
   * Changes of an application's file could not be followed one by one; what they come to is one
   * transaction.
   */
  default void gap(String database, String why) {}
}
