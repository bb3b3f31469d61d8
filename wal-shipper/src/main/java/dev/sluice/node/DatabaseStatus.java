package dev.sluice.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node says of one database. Positions are written {@code TXID/checksum}.
 *
 * @param name path below the data directory
 * @param position last transaction in this node's log
 * @param applied last transaction that readers on this node see
 * @param pageSize bytes
 * @param pageCount pages after {@code position}
 * @param lastCommitMillis when that was committed, ms since the epoch; 0 before the first
 * @param logBytes size of the local log
 * @param stores where it is backed up; empty without a store
 * @param follow how it follows; null on a primary
 * @param error what is wrong with it and what to do; null when nothing is
 */
public record DatabaseStatus(
    String name,
    String position,
    String applied,
    int pageSize,
    int pageCount,
    long lastCommitMillis,
    long logBytes,
    List<StoreStatus> stores,
    @Nullable FollowStatus follow,
    @Nullable String error) {
  public DatabaseStatus {
    stores = List.copyOf(stores);
  }

  /**
   * The backup of a database.
   *
   * @param url where it lies
   * @param shipped last position the store has; null before the first
   * @param oldestUnshippedMillis when the oldest transaction that the store has not got was
   *     committed, ms since the epoch; 0 when it has all
   * @param error why it does not get on; null when it does
   */
  public record StoreStatus(
      String url, @Nullable String shipped, long oldestUnshippedMillis, @Nullable String error) {}

  /**
   * How a follower stands to its primary.
   *
   * @param primary last position the primary is known to have
   * @param lagTransactions how many of them are not applied here
   * @param lagMillis age of the oldest of them; 0 when there is none
   */
  public record FollowStatus(String primary, long lagTransactions, long lagMillis) {}
}
