package dev.sluice.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;

/**
 * Logging to standard error. Logback finds this class by its service file when something first
 * logs, so that commands that log nothing do not load it.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
  private static volatile boolean verbose;
  private static volatile boolean longRunning;

  /** Made by logback. */
  public LogSetup() {}

  /** How to log from now on: set before anything logs. */
  static void use(boolean verbose, boolean longRunning) {
    LogSetup.verbose = verbose;
    LogSetup.longRunning = longRunning;
  }

  /** What a node is to log from now on; {@code --verbose} stays in detail. */
  static void level(LogLevel level) {
    if (!verbose && LoggerFactory.getILoggerFactory() instanceof LoggerContext logging) {
      logging.getLogger("dev.sluice").setLevel(Level.toLevel(level.name()));
    }
  }

  @Override
  public ExecutionStatus configure(LoggerContext logging) {
    LogLine layout = new LogLine(verbose);
    layout.setContext(logging);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(logging);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setLayout(layout);
    encoder.start();
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(logging);
    console.setName("stderr");
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();

    Level ours = verbose ? Level.DEBUG : longRunning ? Level.INFO : Level.WARN;
    logging.getLogger("ROOT").setLevel(verbose ? Level.INFO : Level.WARN);
    logging.getLogger("ROOT").addAppender(console);
    logging.getLogger("dev.sluice").setLevel(ours);
    // It warns of each try of a request; what comes of it is said by us.
    logging.getLogger("io.etcd.jetcd").setLevel(verbose ? Level.INFO : Level.ERROR);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }
}
