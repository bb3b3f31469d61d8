package dev.sluice.monitor;

import org.jspecify.annotations.Nullable;

/** A request that is answered with an error. */
final class ApiException extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient Problem problem;

  /**
   * @param error what is wrong
   * @param hint what to do; null where the error says it
   */
  ApiException(int status, String error, @Nullable String hint) {
    this(status, new Problem(error, hint));
  }

  ApiException(int status, Problem problem) {
    super(problem.error(), null, false, false);
    this.status = status;
    this.problem = problem;
  }

  int status() {
    return status;
  }

  Problem problem() {
    return problem;
  }
}
