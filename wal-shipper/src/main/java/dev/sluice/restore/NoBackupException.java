package dev.sluice.restore;

/** There is no backup at all where one was looked for. */
public final class NoBackupException extends NotRestorableException {
  private static final long serialVersionUID = 1;

  public NoBackupException(String message) {
    super(message);
  }
}
