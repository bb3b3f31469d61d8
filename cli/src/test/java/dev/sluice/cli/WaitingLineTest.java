package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@SuppressWarnings("try") // The line is only there.
final class WaitingLineTest {
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void showsWhatIsWaitedForOnATerminal() throws Exception {
    StringWriter text = new StringWriter();
    try (WaitingLine line = new WaitingLine(new PrintWriter(text, true), "waiting for it", true)) {
      while (!text.toString().contains("waiting for it, ")) {
        Thread.sleep(20);
      }
    }
    assertThat(text.toString()).endsWith("\r\033[K");
  }

  @Test
  void showsNothingElsewhere() {
    StringWriter text = new StringWriter();
    try (WaitingLine line = new WaitingLine(new PrintWriter(text, true), "waiting for it", false)) {
      assertThat(text.toString()).isEmpty();
    }
    assertThat(text.toString()).isEmpty();
  }
}
