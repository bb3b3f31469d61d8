package dev.sluice.cli;

/**
 * What {@code sluice doctor} found of one thing.
 *
 * @param check the thing
 * @param verdict how it is
 * @param what was found
 * @param whatToDo the next step; empty when all is well
 */
record Finding(String check, Verdict verdict, String what, String whatToDo) {
  enum Verdict {
    OK,
    WARNING,
    FAILED
  }

  static Finding ok(String check, String what) {
    return new Finding(check, Verdict.OK, what, "");
  }

  static Finding warning(String check, String what, String whatToDo) {
    return new Finding(check, Verdict.WARNING, what, whatToDo);
  }

  static Finding failed(String check, String what, String whatToDo) {
    return new Finding(check, Verdict.FAILED, what, whatToDo);
  }
}
