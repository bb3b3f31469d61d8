package dev.sluice.capture;

import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** stub */
public class Capture {
  public @Nullable CapturedFile file(String path) {
    return null;
  }

  public @Nullable Supplier<String> position(String path) {
    return null;
  }

  public int rename(String from, String to, IntSupplier action) {
    return action.getAsInt();
  }
}
