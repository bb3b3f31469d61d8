package dev.sluice.monitor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long a client wants to wait: {@code 500ms}, {@code 5s}, {@code 1m}, at most an hour. */
final class WaitTimeout {
  static final long DEFAULT_MILLIS = 10_000;
  static final long MAX_MILLIS = 3_600_000;

  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

  private WaitTimeout() {}

  /**
   * Milliseconds.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  static long parseMillis(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          "timeout \"" + text + "\": expected a number and ms, s, m or h, such as 500ms or 5s");
    }
    long unitMillis =
        switch (form.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          default -> 3_600_000;
        };
    long millis = Long.parseLong(form.group(1)) * unitMillis;
    if (millis > MAX_MILLIS) {
      throw new IllegalArgumentException("timeout \"" + text + "\": more than an hour");
    }
    return millis;
  }
}
