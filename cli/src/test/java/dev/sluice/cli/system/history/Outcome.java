package dev.sluice.cli.system.history;

/** What a client was told of a transaction. */
public enum Outcome {
  /** It is committed. */
  OK,
  /** It is certainly not. */
  FAILED,
  /** COMMIT failed, which may be true or not. */
  UNKNOWN
}
