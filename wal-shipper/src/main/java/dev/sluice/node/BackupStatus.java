package dev.sluice.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one store can restore of a database, as a listing says. Times are in ms since the epoch, and
 * can be a little later than the transaction was committed.
 *
 * @param url where the backup lies; what {@code sluice restore} takes
 * @param listedMillis when it was listed
 * @param points states that can be restored, oldest first
 * @param snapshots files that hold the whole database, oldest first
 * @param gaps between which moments nothing can be restored
 * @param error why it could not be listed; null when it could
 */
public record BackupStatus(
    String url,
    long listedMillis,
    List<Point> points,
    List<Snapshot> snapshots,
    List<Gap> gaps,
    @Nullable String error) {
  public BackupStatus {
    points = List.copyOf(points);
    snapshots = List.copyOf(snapshots);
    gaps = List.copyOf(gaps);
  }

  /** A state after a transaction. */
  public record Point(String txid, long millis) {}

  /** A file that holds the whole database. */
  public record Snapshot(String txid, long millis, long sizeBytes) {}

  /** Transactions are missing. */
  public record Gap(long fromMillis, long untilMillis) {}
}
