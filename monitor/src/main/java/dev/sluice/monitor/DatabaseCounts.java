package dev.sluice.monitor;

import java.util.concurrent.atomic.LongAdder;

/** What one database did since this process started. Safe for use by many threads. */
final class DatabaseCounts {
  final LongAdder commits = new LongAdder();
  final LongAdder ltxBytes = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder readOnlyOpens = new LongAdder();

  /** How busy it was lately, in commits; for {@link TopDatabases}. */
  private double activity;

  private long seenCommits;

  /**
   * Brings {@link #activity} up to now.
   *
   * @param kept what of the activity before counts still
   */
  double age(double kept) {
    long now = commits.sum();
    activity = activity * kept + (double) (now - seenCommits);
    seenCommits = now;
    return activity;
  }
}
