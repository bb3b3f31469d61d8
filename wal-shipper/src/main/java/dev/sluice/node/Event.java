package dev.sluice.node;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened on a node.
 *
 * @param id counts from 1 at the start of the node
 * @param time when, as ISO 8601 in UTC
 * @param severity how much it matters; {@link Severity#INFO} when something is over
 * @param kind what it is
 * @param change whether a state of health begins or ends; null for what is none
 * @param database of which; null when it is of the node, or of many
 * @param message what happened, and what to do
 */
public record Event(
    long id,
    String time,
    Severity severity,
    EventKind kind,
    @Nullable Change change,
    @Nullable String database,
    String message) {
  /** What becomes of a state of health. */
  public enum Change {
    RAISED,
    CLEARED;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** As it is written: {@code raised}. */
    @JsonValue
    public String label() {
      return label;
    }
  }
}
