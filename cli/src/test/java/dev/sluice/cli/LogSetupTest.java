package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogSetupTest {
  @Test
  void isFoundByLogback() {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    assertThat(root.iteratorForAppenders())
        .toIterable()
        .singleElement()
        .hasToString("ch.qos.logback.core.ConsoleAppender[stderr]");
  }

  @Test
  void levelsFollowTheCommand() {
    assertThat(level(false, false)).isEqualTo(Level.WARN);
    assertThat(level(false, true)).isEqualTo(Level.INFO);
    assertThat(level(true, false)).isEqualTo(Level.DEBUG);
  }

  private static Level level(boolean verbose, boolean longRunning) {
    LogSetup.use(verbose, longRunning);
    LoggerContext context = new LoggerContext();
    new LogSetup().configure(context);
    return context.getLogger("dev.sluice.ship.Shipper").getEffectiveLevel();
  }
}
