package dev.sluice.node;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How much something that happened on a node matters. */
public enum Severity {
  /** Good to know. */
  INFO,
  /** Nothing is lost or refused yet. */
  WARNING,
  /** Something is lost, refused or at stake until somebody does something about it. */
  ERROR;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** As it is written: {@code warning}. */
  @JsonValue
  public String label() {
    return label;
  }
}
