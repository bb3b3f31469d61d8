package dev.sluice.follow;

import java.io.IOException;

/** What a follower sent first makes no sense; nothing has been answered yet. */
public final class BadStreamRequestException extends IOException {
  private static final long serialVersionUID = 1;

  private BadStreamRequestException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * What reading a request threw, in a line.
   *
   * @param what it is not
   */
  static BadStreamRequestException not(String what, Exception e) {
    Throwable why = e.getCause() instanceof IllegalArgumentException cause ? cause : e;
    String message = String.valueOf(why.getMessage());
    int end = message.indexOf('\n');
    return new BadStreamRequestException(
        "not " + what + ": " + (end < 0 ? message : message.substring(0, end)), e);
  }
}
