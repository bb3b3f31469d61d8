package dev.sluice.cli;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Values as people, and programs, read them. */
final class Show {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

  private Show() {}

  /** Prints a value as JSON, on several lines. */
  static void json(PrintWriter out, Object value) throws IOException {
    JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    out.println(mapper.writeValueAsString(value));
  }

  /** A number with separators: {@code 12,345}. */
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** A size: {@code 512 B}, {@code 1.2 MB}. */
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    String format = unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s";
    return String.format(Locale.ROOT, format, value, UNITS[unit]);
  }

  /**
   * A span of time in its two largest units, or with a fraction: {@code 3 ms}, {@code 2 h 5 min}.
   */
  static String span(Duration span) {
    long millis = span.toMillis();
    if (millis < 1000) {
      return millis + " ms";
    }
    long seconds = span.toSeconds();
    if (seconds < 10) {
      return millis / 1000 + "." + millis % 1000 / 100 + " s";
    }
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return two(seconds / 60, "min", seconds % 60, "s");
    }
    if (seconds < 86400) {
      return two(seconds / 3600, "h", seconds / 60 % 60, "min");
    }
    return two(seconds / 86400, "d", seconds / 3600 % 24, "h");
  }

  private static String two(long large, String largeUnit, long small, String smallUnit) {
    return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
  }

  /** A moment in UTC, without a fraction. */
  static String time(Instant moment) {
    return moment.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
