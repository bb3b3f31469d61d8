package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ShowTest {
  @Test
  void sizes() {
    assertThat(Show.bytes(0)).isEqualTo("0 B");
    assertThat(Show.bytes(999)).isEqualTo("999 B");
    assertThat(Show.bytes(1000)).isEqualTo("1.0 kB");
    assertThat(Show.bytes(99_960)).isEqualTo("100 kB");
    assertThat(Show.bytes(999_600)).isEqualTo("1.0 MB");
    assertThat(Show.bytes(1_234_567_890)).isEqualTo("1.2 GB");
    assertThat(Show.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
  }

  @Test
  void spans() {
    assertThat(Show.span(Duration.ofMillis(3))).isEqualTo("3 ms");
    assertThat(Show.span(Duration.ofMillis(1_250))).isEqualTo("1.2 s");
    assertThat(Show.span(Duration.ofMillis(9_999))).isEqualTo("9.9 s");
    assertThat(Show.span(Duration.ofSeconds(59))).isEqualTo("59 s");
    assertThat(Show.span(Duration.ofMinutes(2))).isEqualTo("2 min");
    assertThat(Show.span(Duration.ofMinutes(125))).isEqualTo("2 h 5 min");
    assertThat(Show.span(Duration.ofHours(49))).isEqualTo("2 d 1 h");
  }

  @Test
  void tables() {
    Table table = new Table("A", ">NUMBER", "LAST");
    table.row("long cell", 1, "x");
    table.row("", "12,345,678", "");
    StringWriter out = new StringWriter();
    table.printTo(new PrintWriter(out));
    assertThat(out.toString().lines())
        .containsExactly(
            "A              NUMBER  LAST", "long cell           1  x", "           12,345,678");
  }

  @Test
  void logLines() {
    LoggingEvent event =
        new LoggingEvent(
            "",
            new LoggerContext().getLogger("dev.sluice.ship.Shipper"),
            Level.WARN,
            "app.db: the store is slow",
            new IOException("timed out"),
            null);
    event.setThreadName("ship");
    assertThat(new LogLine(false).doLayout(event))
        .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN app.db: the store is slow: timed out\n");
    assertThat(new LogLine(true).doLayout(event))
        .contains(" WARN Shipper [ship] app.db: the store is slow\njava.io.IOException: timed out")
        .contains("at dev.sluice.cli.ShowTest");
  }
}
