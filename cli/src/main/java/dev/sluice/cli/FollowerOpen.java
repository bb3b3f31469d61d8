package dev.sluice.cli;

/** How applications open the databases of a node that follows another. */
enum FollowerOpen {
  /** As anywhere; who writes waits in the busy time-out, and gets SQLITE_BUSY. */
  READ_WRITE,

  /** As a file that may not be written; who writes gets SQLITE_READONLY at once. */
  READ_ONLY
}
