package dev.sluice.follow;

import java.io.IOException;

/** What a follower sent first makes no sense; nothing has been answered yet. */
public final class BadStreamRequestException extends IOException {
  private static final long serialVersionUID = 1;

  BadStreamRequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
