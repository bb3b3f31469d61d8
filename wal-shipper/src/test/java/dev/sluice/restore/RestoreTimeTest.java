package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Now is Monday, 23 November 2026, 15:30:45.5 in Berlin (UTC+1). */
final class RestoreTimeTest {
  private static final Instant NOW = Instant.parse("2026-11-23T14:30:45.500Z");
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  private final RestoreTime time = new RestoreTime(Clock.fixed(NOW, BERLIN), BERLIN);

  @ParameterizedTest
  @CsvSource({
    "now,                               2026-11-23T14:30:45.500Z",
    "2026-11-23T14:00:00Z,              2026-11-23T14:00:00Z",
    "2026-11-23t14:00:00z,              2026-11-23T14:00:00Z",
    "2026-11-23T14:00Z,                 2026-11-23T14:00:00Z",
    "2026-11-23T14:00:00.123456789Z,    2026-11-23T14:00:00.123456789Z",
    "2026-11-23T14:00:00+01:00,         2026-11-23T13:00:00Z",
    "2026-11-22 14:00:00 -0530,         2026-11-22T19:30:00Z",
    "2026-11-23T14:00:00+01,            2026-11-23T13:00:00Z",
    "2026-11-23 14:00,                  2026-11-23T13:00:00Z",
    "2026-11-23T14:00:01.5,             2026-11-23T13:00:01.500Z",
    "2026-07-01 14:00,                  2026-07-01T12:00:00Z",
    "2026-11-23,                        2026-11-22T23:00:00Z",
    "10 minutes ago,                    2026-11-23T14:20:45.500Z",
    "10 Minutes Ago,                    2026-11-23T14:20:45.500Z",
    "an hour ago,                       2026-11-23T13:30:45.500Z",
    "a minute ago,                      2026-11-23T14:29:45.500Z",
    "1h30m ago,                         2026-11-23T13:00:45.500Z",
    "'1 hour, 30 minutes ago',          2026-11-23T13:00:45.500Z",
    "90s ago,                           2026-11-23T14:29:15.500Z",
    "2 days ago,                        2026-11-21T14:30:45.500Z",
    "5 weeks ago,                       2026-10-19T13:30:45.500Z",
    "yesterday 14:00,                   2026-11-22T13:00:00Z",
    "yesterday at 9:05,                 2026-11-22T08:05:00Z",
    "yesterday,                         2026-11-21T23:00:00Z",
    "Today 14:00:30,                    2026-11-23T13:00:30Z",
    "14:00,                             2026-11-23T13:00:00Z",
    "9:05:06.25,                        2026-11-23T08:05:06.250Z",
    "monday 14:00,                      2026-11-23T13:00:00Z",
    "monday 16:00,                      2026-11-16T15:00:00Z",
    "tue 14:00,                         2026-11-17T13:00:00Z",
    "2026-11-20 at 14:00,               2026-11-20T13:00:00Z",
    "2026-10-25 02:30 +02:00,           2026-10-25T00:30:00Z",
  })
  void parses(String text, String expected) {
    assertThat(time.parse(text)).isEqualTo(expected);
    assertThat(time.parse("  " + text + " ")).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "'',                     not understood",
    "soon,                   'soon' is no day",
    "2026-13-01,             MonthOfYear",
    "2026-02-30 10:00,       FEBRUARY",
    "25:00,                  HourOfDay",
    "2026-11-23T14:00:00X,   not understood from",
    "2026-11-23T24:00:00,   HourOfDay",
    "5 months ago,           'months' is none of seconds",
    "ago,                    'ago' is no day",
    "99999999999999999999 days ago, too long ago",
    "999999999999 weeks ago, too long ago",
    "2026-11-23 15:31,       which lies ahead: it is now 2026-11-23T15:30:45+01:00",
    "16:00,                  which lies ahead",
    "2026-10-25 02:30,       'showed that time twice; add the offset, +02:00 or +01:00'",
    "2026-03-29 02:30,       the clocks of Europe/Berlin skipped that time",
  })
  void refuses(String text, String why) {
    assertThatThrownBy(() -> time.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining(why);
  }
}
