package dev.sluice.cli;

/** Exit statuses of the executable. The root command's help lists them. */
final class ExitStatus {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int TIMED_OUT = 3;
  static final int DIVERGED = 4;
  static final int UNKNOWN_DATABASE = 5;
  static final int DAMAGED = 6;
  static final int NOT_RESTORABLE = 7;
  static final int INCOMPLETE = 8;

  private ExitStatus() {}
}
