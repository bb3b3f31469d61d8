package dev.sluice.ship;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Another node puts files to the same place: trying again would not help. */
final class SecondWriterException extends IOException {
  private static final long serialVersionUID = 1;

  SecondWriterException(String what) {
    this(what, null);
  }

  SecondWriterException(String what, @Nullable IOException cause) {
    super(
        what
            + "; two nodes must not back up to one place: stop one of them, or give this database another place;"
            + " a restart takes the place back",
        cause);
  }
}
