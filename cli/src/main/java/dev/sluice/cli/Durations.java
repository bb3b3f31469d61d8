package dev.sluice.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Spans of time as people write them: {@code 500ms}, {@code 1s}, {@code 1m30s}, {@code 2h}. */
final class Durations {
  private static final Pattern PART = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("(?:" + PART.pattern() + "\\s*)+");

  private Durations() {}

  /**
   * @throws IllegalArgumentException naming the text and how to write it
   */
  static Duration parse(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    if (!WHOLE.matcher(lower).matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not a duration: write a number and a unit, such as 500ms, 5s, 1m or 2h");
    }
    Duration sum = Duration.ZERO;
    Matcher parts = PART.matcher(lower);
    while (parts.find()) {
      sum = sum.plus(duration(Long.parseLong(parts.group(1)), parts.group(2)));
    }
    return sum;
  }

  /** In the largest unit that needs no fraction, to a millisecond, as {@link #parse} takes it. */
  static String text(Duration span) {
    long millis = span.toMillis();
    if (millis == 0) {
      return "0s";
    }
    if (millis % 3_600_000 == 0) {
      return millis / 3_600_000 + "h";
    }
    if (millis % 60_000 == 0) {
      return millis / 60_000 + "m";
    }
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  private static Duration duration(long amount, String unit) {
    return switch (unit) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }

  static final class Converter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
