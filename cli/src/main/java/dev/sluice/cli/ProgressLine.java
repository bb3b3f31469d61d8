package dev.sluice.cli;

import dev.sluice.restore.RestoreListener;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How far a restore is, its rate and the time left: a line that changes on a terminal, otherwise a
 * new one every few seconds. One thread.
 */
final class ProgressLine implements RestoreListener, Closeable {
  private static final long FIRST_MILLIS = 500;
  private static final long TERMINAL_MILLIS = 200;
  private static final long PLAIN_MILLIS = 5000;
  private static final String CLEAR = "\r\033[K";

  private final PrintWriter out;
  private final boolean terminal;
  private final long startNanos = System.nanoTime();
  private long startBytes = -1;
  private long nextMillis;
  private boolean shown;

  ProgressLine(PrintWriter out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
    nextMillis = terminal ? FIRST_MILLIS : PLAIN_MILLIS;
  }

  /** Whether standard error is a terminal. */
  static boolean isTerminal() {
    try {
      String name = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return name.startsWith("/dev/pts/") || name.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void onProgress(long writtenBytes, long totalBytes) {
    long millis = (System.nanoTime() - startNanos) / 1_000_000;
    if (startBytes < 0) {
      startBytes = writtenBytes;
    }
    if (millis < nextMillis) {
      return;
    }
    nextMillis = millis + (terminal ? TERMINAL_MILLIS : PLAIN_MILLIS);
    out.print(terminal ? CLEAR : "");
    out.print(line(writtenBytes, totalBytes, writtenBytes - startBytes, millis));
    out.print(terminal ? "" : System.lineSeparator());
    out.flush();
    shown = true;
  }

  /** {@code restored 512 MB of 1.2 GB (43 %), 210 MB/s, 3 s left}. */
  static String line(long writtenBytes, long totalBytes, long sinceStartBytes, long millis) {
    double bytesPerMilli = (double) sinceStartBytes / Math.max(1, millis);
    String text =
        "restored %s of %s (%d %%), %s/s"
            .formatted(
                Show.bytes(writtenBytes),
                Show.bytes(totalBytes),
                totalBytes == 0 ? 100 : writtenBytes * 100 / totalBytes,
                Show.bytes((long) (bytesPerMilli * 1000)));
    return bytesPerMilli <= 0
        ? text
        : text
            + ", "
            + Show.span(Duration.ofMillis((long) ((totalBytes - writtenBytes) / bytesPerMilli)))
            + " left";
  }

  /** Removes the line from a terminal. */
  @Override
  public void close() {
    if (shown && terminal) {
      out.print(CLEAR);
      out.flush();
    }
  }
}
