package dev.sluice.store.s3;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a server checks the conditions of puts. Amazon's does; others may ignore them without a
 * word, and two writers would never find out about each other. So the first object that was put if
 * absent is put so once more, which must fail.
 */
final class Conditions {
  private enum State {
    UNKNOWN,
    CHECKED,
    IGNORED
  }

  private static final Logger LOG = LoggerFactory.getLogger(Conditions.class);

  private final String server;
  private volatile State state;

  Conditions(S3Options options) {
    this.server = options.endpoint().map(Object::toString).orElse("Amazon S3");
    this.state = options.endpoint().isPresent() ? State.UNKNOWN : State.CHECKED;
  }

  boolean areUnknown() {
    return state == State.UNKNOWN;
  }

  /** Then the store has to look before it puts. */
  boolean areIgnored() {
    return state == State.IGNORED;
  }

  void checked() {
    state = State.CHECKED;
  }

  void ignored() {
    if (state != State.IGNORED) {
      state = State.IGNORED;
      LOG.warn(
          "{} does not check conditions of puts (If-None-Match). Sluice looks before it puts"
              + " instead, which does not find a second writer to the same place when both put at"
              + " the same moment: let only one back up to it",
          server);
    }
  }
}
