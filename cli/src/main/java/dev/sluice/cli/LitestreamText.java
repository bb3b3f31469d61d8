package dev.sluice.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values as Litestream's configuration has them, in the form that ours has. Stateless. */
final class LitestreamText {
  private static final Pattern BARE_VARIABLE = Pattern.compile("\\$([A-Za-z_][A-Za-z0-9_]*)");
  private static final Pattern WHOLE_VARIABLE = Pattern.compile("\\$\\{[^}]*}");
  private static final Pattern PART =
      Pattern.compile("([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h)");

  private LitestreamText() {}

  /** Text with {@code $NAME} written as {@code ${NAME}}. */
  static String variables(String text) {
    return BARE_VARIABLE.matcher(text).replaceAll("\\${$1}");
  }

  /** Whether text, as {@link #variables} gives it, is a variable and nothing else. */
  static boolean isVariable(String text) {
    return WHOLE_VARIABLE.matcher(text).matches();
  }

  /** A path with {@code ~} for the home directory written out. */
  static String path(String text) {
    return text.equals("~") || text.startsWith("~/") ? "${HOME}" + text.substring(1) : text;
  }

  /** A duration as Go writes it, in our form. */
  static String duration(String text) {
    return Durations.text(Duration.ofMillis(millis(text)));
  }

  /**
   * A duration as Go writes it, such as {@code 1h30m} or {@code 1.5s}; less than a millisecond
   * counts as one.
   *
   * @throws IllegalArgumentException naming the text
   */
  static long millis(String text) {
    Matcher parts = PART.matcher(text);
    double millis = 0;
    int end = 0;
    while (parts.find() && parts.start() == end) {
      millis += Double.parseDouble(parts.group(1)) * unitMillis(parts.group(2));
      end = parts.end();
    }
    if (end == 0 || end != text.length()) {
      throw new IllegalArgumentException("'" + text + "' is not a duration, such as 10s or 1h30m");
    }
    return millis > 0 ? Math.max(1, Math.round(millis)) : 0;
  }

  private static double unitMillis(String unit) {
    return switch (unit) {
      case "ns" -> 1e-6;
      case "us", "µs" -> 1e-3;
      case "ms" -> 1;
      case "s" -> 1000;
      case "m" -> 60_000;
      default -> 3_600_000;
    };
  }
}
