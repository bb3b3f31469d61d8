package dev.sluice.restore;

import java.io.IOException;

/** A store cannot give the state asked for; the message names the nearest it can. */
public class NotRestorableException extends IOException {
  private static final long serialVersionUID = 1;

  NotRestorableException(String message) {
    super(message);
  }

  NotRestorableException(String message, Throwable cause) {
    super(message, cause);
  }
}
