package dev.sluice.monitor.health;

import dev.sluice.node.EventKind;
import dev.sluice.node.Severity;
import org.jspecify.annotations.Nullable;

/**
 * Something that is wrong at one look.
 *
 * @param database null for the node itself
 * @param message what is wrong, and what to do
 */
record Finding(EventKind kind, @Nullable String database, Severity severity, String message) {
  /** Of the severity that its kind mostly has. */
  Finding(EventKind kind, @Nullable String database, String message) {
    this(kind, database, kind.severity(), message);
  }

  /** What it is about: found again, it is the same problem. */
  record Key(EventKind kind, @Nullable String database) {}

  Key key() {
    return new Key(kind, database);
  }
}
