package dev.sluice.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * An event as a line for people: {@code 14:03:12.345 WARN shop/app.db: the store is slow: timed
 * out}. When verbose, with the logger, the thread and stack traces.
 */
final class LogLine extends LayoutBase<ILoggingEvent> {
  private final DateTimeFormatter time =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneId.systemDefault());

  private final boolean verbose;

  LogLine(boolean verbose) {
    this.verbose = verbose;
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(160);
    line.append(time.format(Instant.ofEpochMilli(event.getTimeStamp()))).append(' ');
    if (verbose || event.getLevel().isGreaterOrEqual(Level.WARN)) {
      line.append(event.getLevel()).append(' ');
    }
    if (verbose) {
      String logger = event.getLoggerName();
      line.append(logger.substring(logger.lastIndexOf('.') + 1));
      line.append(" [").append(event.getThreadName()).append("] ");
    }
    line.append(event.getFormattedMessage());
    IThrowableProxy thrown = event.getThrowableProxy();
    if (thrown != null && verbose) {
      line.append('\n').append(ThrowableProxyUtil.asString(thrown).stripTrailing());
    } else if (thrown != null) {
      line.append(": ");
      line.append(thrown.getMessage() == null ? thrown.getClassName() : thrown.getMessage());
    }
    return line.append('\n').toString();
  }
}
