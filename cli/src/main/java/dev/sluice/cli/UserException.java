package dev.sluice.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A command cannot do what was asked; shown as {@code sluice: <what>; <what to do>}, without a
 * stack trace.
 */
final class UserException extends IOException {
  private static final long serialVersionUID = 1;

  private final String what;
  private final String whatToDo;

  /**
   * @param what is wrong, beginning with the thing it is about
   * @param whatToDo the next step, as an imperative
   */
  UserException(String what, String whatToDo) {
    this(what, whatToDo, null);
  }

  /** As {@link #UserException(String, String)}; the cause is shown with {@code --verbose}. */
  UserException(String what, String whatToDo, @Nullable Throwable cause) {
    super(what + "; " + whatToDo, cause);
    this.what = what;
    this.whatToDo = whatToDo;
  }

  String what() {
    return what;
  }

  String whatToDo() {
    return whatToDo;
  }
}
