package dev.sluice.node;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What can happen on a node that somebody may have to hear of; {@code docs/operations.md} has a row
 * for each.
 *
 * <p>Most are states of health: they are raised, last, and are cleared. The others only happen.
 */
public enum EventKind {
  /** A store has not got for longer than the objective what was committed. */
  BACKUP_LATE(Severity.ERROR),
  /** A store does not take what is shipped; it is tried again. */
  STORE_ERROR(Severity.WARNING),
  /** A store has another history or another writer; nothing is shipped to it any more. */
  BACKUP_STOPPED(Severity.ERROR),
  /** A backup was found damaged, or not found. */
  VERIFICATION_FAILED(Severity.ERROR),
  /** States between others can't be restored from a backup. */
  BACKUP_GAP(Severity.WARNING),
  /** Changes of an application could not be followed one by one. */
  CAPTURE_GAP(Severity.WARNING),
  /** What applications commit is not captured; it is tried again. */
  CAPTURE_ERROR(Severity.ERROR),
  /** Commits were refused to applications. */
  COMMIT_REFUSED(Severity.ERROR),
  /** Readers of a follower see what is older than the objective. */
  FOLLOWER_LAG(Severity.WARNING),
  /** A follower was on another history than its primary, and had to be brought to that. */
  DIVERGED(Severity.WARNING),
  /** What a follower has received can't be applied; it is tried again. */
  APPLY_ERROR(Severity.ERROR),
  /** A follower is not connected to what it follows. */
  NOT_CONNECTED(Severity.WARNING),
  /** The cluster has no primary. */
  NO_PRIMARY(Severity.ERROR),
  /** The primary can't renew its lease. */
  LEASE_NOT_RENEWED(Severity.ERROR),
  /** Commits go on, or are refused, as they do not become durable as they should. */
  DURABILITY_DEGRADED(Severity.ERROR),
  /** The disk of the data directory fills up. */
  DISK_LOW(Severity.WARNING),
  /** The role of the node has changed. */
  ROLE_CHANGED(Severity.INFO);

  private static final List<EventKind> STATES =
      Arrays.stream(values()).filter(kind -> kind != ROLE_CHANGED).toList();

  private final Severity severity;
  private final String label = name().toLowerCase(Locale.ROOT);

  EventKind(Severity severity) {
    this.severity = severity;
  }

  /** Those that are raised, last, and are cleared. */
  public static List<EventKind> states() {
    return STATES;
  }

  /** How much it matters, mostly. */
  public Severity severity() {
    return severity;
  }

  /** As it is written: {@code backup_late}. */
  @JsonValue
  public String label() {
    return label;
  }
}
