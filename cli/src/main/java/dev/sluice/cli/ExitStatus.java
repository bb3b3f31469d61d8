package dev.sluice.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Exit statuses of the executable. {@code docs/exit-codes.md} has the same table. */
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
  static final int UNFIT = 9;

  /** What one says. */
  record Meaning(int status, String text) {}

  /** All, ascending. */
  static final List<Meaning> MEANINGS =
      List.of(
          new Meaning(OK, "done"),
          new Meaning(FAILED, "failed; one line on standard error says what and what to do"),
          new Meaning(USAGE, "the command line is wrong"),
          new Meaning(TIMED_OUT, "wait: timed out"),
          new Meaning(DIVERGED, "wait: the position is on another history"),
          new Meaning(UNKNOWN_DATABASE, "wait, follow: the node has no such database"),
          new Meaning(DAMAGED, "restore, verify: the backup is damaged"),
          new Meaning(
              NOT_RESTORABLE, "restore, backups, verify, follow: no backup, or not of that moment"),
          new Meaning(INCOMPLETE, "backups, verify: transactions are missing in it"),
          new Meaning(UNFIT, "doctor: something would keep a node from working"));

  private ExitStatus() {}

  /** As picocli lists them. */
  static Map<String, String> list() {
    Map<String, String> list = new LinkedHashMap<>();
    MEANINGS.forEach(meaning -> list.put(String.valueOf(meaning.status()), meaning.text()));
    return list;
  }
}
