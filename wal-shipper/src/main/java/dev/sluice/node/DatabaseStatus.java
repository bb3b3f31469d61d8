package dev.sluice.node;

import com.fasterxml.jackson.annotation.JsonIgnore;
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
 * @param walBytes size of the WAL that applications keep beside the database; 0 when there is none
 * @param gaps how often, since the node was started, changes were found that could not be followed
 *     one by one
 * @param stores where it is backed up; empty without a store
 * @param follow how it follows; null on a primary
 * @param error what is wrong with it and what to do; null when nothing is
 * @param health all that is wrong with it; empty when nothing is
 */
public record DatabaseStatus(
    String name,
    String position,
    String applied,
    int pageSize,
    int pageCount,
    long lastCommitMillis,
    long logBytes,
    long walBytes,
    long gaps,
    List<StoreStatus> stores,
    @Nullable FollowStatus follow,
    @Nullable String error,
    List<HealthProblem> health) {
  public DatabaseStatus {
    stores = List.copyOf(stores);
    health = health == null ? List.of() : List.copyOf(health);
  }

  /** Nothing is known of its WAL and of its health. */
  public DatabaseStatus(
      String name,
      String position,
      String applied,
      int pageSize,
      int pageCount,
      long lastCommitMillis,
      long logBytes,
      long gaps,
      List<StoreStatus> stores,
      @Nullable FollowStatus follow,
      @Nullable String error) {
    this(
        name,
        position,
        applied,
        pageSize,
        pageCount,
        lastCommitMillis,
        logBytes,
        0,
        gaps,
        stores,
        follow,
        error,
        List.of());
  }

  public DatabaseStatus withHealth(List<HealthProblem> newHealth) {
    return newHealth.equals(health)
        ? this
        : new DatabaseStatus(
            name,
            position,
            applied,
            pageSize,
            pageCount,
            lastCommitMillis,
            logBytes,
            walBytes,
            gaps,
            stores,
            follow,
            error,
            newHealth);
  }

  /**
   * The backup of a database.
   *
   * @param url where it lies
   * @param shipped last position the store has; null before the first
   * @param oldestUnshippedMillis when the oldest transaction that the store has not got was
   *     committed, ms since the epoch; 0 when it has all
   * @param storedMillis when the newest transaction that the store has was committed, ms since the
   *     epoch; 0 while that is not known
   * @param oldestMillis the oldest moment that it can restore, ms since the epoch; 0 while that is
   *     not known
   * @param error why it does not get on; null when it does
   * @param verification how it was found last; null where backups are not verified
   * @param stopped nothing is shipped there any more until the node is restarted, as {@code error}
   *     says
   */
  public record StoreStatus(
      String url,
      @Nullable String shipped,
      long oldestUnshippedMillis,
      long storedMillis,
      long oldestMillis,
      @Nullable String error,
      @Nullable VerificationStatus verification,
      boolean stopped) {
    public StoreStatus(
        String url, @Nullable String shipped, long oldestUnshippedMillis, @Nullable String error) {
      this(url, shipped, oldestUnshippedMillis, 0, 0, error, null, false);
    }

    public StoreStatus withVerification(VerificationStatus newVerification) {
      return new StoreStatus(
          url,
          shipped,
          oldestUnshippedMillis,
          storedMillis,
          oldestMillis,
          error,
          newVerification,
          stopped);
    }
  }

  /**
   * How a backup was found when it was last verified.
   *
   * @param result {@link #PENDING}, {@link #SOUND}, {@link #INCOMPLETE}, {@link #MISSING} or {@link
   *     #FAILED}
   * @param millis when that was, ms since the epoch; 0 when it is pending
   * @param error what is wrong with the backup and what to do; null when nothing is
   * @param postponed why the last try gave no result, which says nothing of the backup; null when
   *     it gave one
   */
  public record VerificationStatus(
      String result, long millis, @Nullable String error, @Nullable String postponed) {
    /** Not verified yet. */
    public static final String PENDING = "pending";

    /** Its last state can be restored, and so can all that is to be expected. */
    public static final String SOUND = "sound";

    /** Its last state can be restored, some between others can't. */
    public static final String INCOMPLETE = "incomplete";

    /** There is nothing at that place. */
    public static final String MISSING = "missing";

    /** Its last state can't be restored, or is damaged. */
    public static final String FAILED = "failed";

    /** Whether there is no backup that can be relied on. */
    @JsonIgnore
    public boolean isBad() {
      return result.equals(FAILED) || result.equals(MISSING);
    }
  }

  /**
   * How a follower stands to its primary.
   *
   * @param primary last position the primary is known to have
   * @param lagTransactions how many of them are not applied here
   * @param lagMillis age of the oldest of them; 0 when there is none
   */
  public record FollowStatus(String primary, long lagTransactions, long lagMillis) {}
}
