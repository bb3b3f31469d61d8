package dev.sluice.node;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A node did not give what was asked for. The message names its URL and what to check. */
public final class NodeException extends IOException {
  private static final long serialVersionUID = 1;

  /** Says that no answer came at all. */
  public static final int NO_ANSWER = 0;

  private final int status;

  NodeException(int status, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** The HTTP status of the answer, or {@link #NO_ANSWER}. */
  public int status() {
    return status;
  }
}
