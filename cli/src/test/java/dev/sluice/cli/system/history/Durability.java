package dev.sluice.cli.system.history;

import java.util.Locale;

/** What an acknowledgement means: where a transaction is by then, beside the primary. */
public enum Durability {
  /** Nowhere yet. */
  ASYNC,
  /** On a follower. */
  FOLLOWER,
  /** In the store. */
  STORE;

  /** Its value in a node's configuration. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
