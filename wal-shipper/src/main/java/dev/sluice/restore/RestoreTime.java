package dev.sluice.restore;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.time.format.SignStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAdjusters;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A past moment as people write it. Immutable.
 *
 * <pre>
 * 2026-11-23T14:00:00Z   2026-11-23 14:00:00.5 +01:00   2026-11-23 14:00   2026-11-23
 * 10 minutes ago   1h30m ago   2 days ago   an hour ago
 * yesterday 14:00   today at 9:30   monday 14:00   14:00   yesterday   now
 * </pre>
 *
 * <p>Without an offset, times are local; a day without a time begins it; a weekday is the last one
 * that began before now. Months and years are not units: their lengths differ.
 */
public final class RestoreTime {
  private static final String EXAMPLES =
      "write for example '2026-11-23T14:00:00Z', '2026-11-23 14:00', '10 minutes ago' or 'yesterday"
          + " 14:00'";

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder()
          .appendValue(ChronoField.HOUR_OF_DAY, 1, 2, SignStyle.NOT_NEGATIVE)
          .appendPattern(":mm[:ss]")
          .optionalStart()
          .appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true)
          .optionalEnd()
          .toFormatter(Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);

  private static final DateTimeFormatter DATE_TIME =
      new DateTimeFormatterBuilder()
          .append(DateTimeFormatter.ISO_LOCAL_DATE)
          .appendPattern("['T'][' ']")
          .append(TIME)
          .appendPattern("[' '][XXX][XX][X]")
          .toFormatter(Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);

  private static final Pattern AGO = Pattern.compile("((?:an?|\\d+)\\s*[a-z]+[\\s,]*)+ago");
  private static final Pattern AMOUNT = Pattern.compile("(an?|\\d+)\\s*([a-z]+)[\\s,]*");
  private static final Pattern DAY =
      Pattern.compile("([a-z]+|\\d{4}-\\d{2}-\\d{2})(?:\\s+(?:at\\s+)?([\\d:.]+))?");

  private static final Map<ChronoUnit, List<String>> UNITS =
      Map.of(
          ChronoUnit.SECONDS, List.of("s", "sec", "secs", "second", "seconds"),
          ChronoUnit.MINUTES, List.of("m", "min", "mins", "minute", "minutes"),
          ChronoUnit.HOURS, List.of("h", "hr", "hrs", "hour", "hours"),
          ChronoUnit.DAYS, List.of("d", "day", "days"),
          ChronoUnit.WEEKS, List.of("w", "week", "weeks"));

  private final Clock clock;
  private final ZoneId zone;

  public RestoreTime(Clock clock, ZoneId zone) {
    this.clock = clock;
    this.zone = zone;
  }

  /**
   * The moment a text means.
   *
   * @throws IllegalArgumentException saying what is wrong with the text, or that it lies ahead
   */
  public Instant parse(String text) {
    String trimmed = text.strip();
    String lower = trimmed.toLowerCase(Locale.ROOT);
    Instant now = clock.instant();
    Instant moment;
    if (lower.equals("now")) {
      moment = now;
    } else if (AGO.matcher(lower).matches()) {
      moment = ago(text, lower, now.atZone(zone));
    } else {
      moment = absolute(text, trimmed, lower, now.atZone(zone));
    }
    if (moment.isAfter(now)) {
      throw new IllegalArgumentException(
          "'" + text + "' is " + shown(moment) + ", which lies ahead: it is now " + shown(now));
    }
    return moment;
  }

  private static Instant ago(String text, String lower, ZonedDateTime now) {
    ZonedDateTime moment = now;
    Matcher amounts = AMOUNT.matcher(lower.substring(0, lower.length() - "ago".length()));
    while (amounts.find()) {
      String number = amounts.group(1);
      ChronoUnit unit =
          unit(amounts.group(2))
              .orElseThrow(
                  () ->
                      bad(
                          text,
                          "'"
                              + amounts.group(2)
                              + "' is none of seconds, minutes, hours,"
                              + " days, weeks"));
      try {
        moment = moment.minus(number.startsWith("a") ? 1 : Long.parseLong(number), unit);
      } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
        throw bad(text, "too long ago");
      }
    }
    return moment.toInstant();
  }

  private static Optional<ChronoUnit> unit(String name) {
    return UNITS.entrySet().stream()
        .filter(unit -> unit.getValue().contains(name))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  private Instant absolute(String text, String trimmed, String lower, ZonedDateTime now) {
    try {
      if (lower.indexOf(':') == 1 || lower.indexOf(':') == 2) {
        return local(text, now.toLocalDate().atTime(LocalTime.parse(lower, TIME)));
      }
      Matcher day = DAY.matcher(lower);
      if (day.matches()) {
        String time = day.group(2);
        LocalTime at = time == null ? LocalTime.MIDNIGHT : LocalTime.parse(time, TIME);
        return local(text, day(text, day.group(1), at, now).atTime(at));
      }
      TemporalAccessor parsed = DATE_TIME.parse(trimmed.replace('t', 'T').replace('z', 'Z'));
      LocalDateTime dateTime = LocalDateTime.from(parsed);
      return parsed.isSupported(ChronoField.OFFSET_SECONDS)
          ? dateTime.toInstant(ZoneOffset.from(parsed))
          : local(text, dateTime);
    } catch (DateTimeParseException e) {
      throw bad(text, why(e));
    }
  }

  private static String why(DateTimeParseException e) {
    if (e.getCause() instanceof DateTimeException cause) {
      return String.valueOf(cause.getMessage());
    }
    int at = e.getErrorIndex();
    String parsed = e.getParsedString();
    return at > 0 && at < parsed.length()
        ? "not understood from '" + parsed.substring(at) + "' on"
        : "not understood";
  }

  private static LocalDate day(String text, String name, LocalTime at, ZonedDateTime now) {
    LocalDate today = now.toLocalDate();
    switch (name) {
      case "today" -> {
        return today;
      }
      case "yesterday" -> {
        return today.minusDays(1);
      }
      default -> {
        if (Character.isDigit(name.charAt(0))) {
          return LocalDate.parse(name);
        }
      }
    }
    for (DayOfWeek day : DayOfWeek.values()) {
      String full = day.name().toLowerCase(Locale.ROOT);
      if (name.equals(full) || name.equals(full.substring(0, 3))) {
        LocalDate last = today.with(TemporalAdjusters.previousOrSame(day));
        return last.atTime(at).isAfter(now.toLocalDateTime()) ? last.minusWeeks(1) : last;
      }
    }
    throw bad(text, "'" + name + "' is no day");
  }

  /** A local time that exists once in the zone: not skipped or repeated by a change of clocks. */
  private Instant local(String text, LocalDateTime time) {
    List<ZoneOffset> offsets = zone.getRules().getValidOffsets(time);
    if (offsets.isEmpty()) {
      throw bad(text, "the clocks of " + zone + " skipped that time");
    }
    if (offsets.size() > 1) {
      throw bad(
          text,
          "the clocks of "
              + zone
              + " showed that time twice; add the offset, "
              + offsets.get(0)
              + " or "
              + offsets.get(1));
    }
    return time.toInstant(offsets.get(0));
  }

  private String shown(Instant moment) {
    return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
        moment.atZone(zone).truncatedTo(ChronoUnit.SECONDS));
  }

  private static IllegalArgumentException bad(String text, String why) {
    return new IllegalArgumentException("time '" + text + "': " + why + "; " + EXAMPLES);
  }
}
