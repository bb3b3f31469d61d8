package dev.sluice.cli;

import java.io.Closeable;
import java.io.PrintWriter;
import java.time.Duration;

/**
 * What a command waits for, and for how long already, on a terminal: for what takes over a second
 * and can't say how far it is. A thread of its own writes it.
 */
final class WaitingLine implements Closeable {
  private static final long FIRST_MILLIS = 1000;
  private static final long STEP_MILLIS = 500;
  private static final String CLEAR = "\r\033[K";

  private final PrintWriter out;
  private final String what;
  private final long startNanos = System.nanoTime();
  private final Object lock = new Object();

  /** Guarded by lock. */
  private boolean closed;

  /** Guarded by lock. */
  private boolean shown;

  /**
   * @param what is waited for
   * @param terminal whether anybody sees it: otherwise nothing is written
   */
  WaitingLine(PrintWriter out, String what, boolean terminal) {
    this.out = out;
    this.what = what;
    if (terminal) {
      Thread thread = new Thread(this::show, "waiting-line");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void show() {
    synchronized (lock) {
      for (long pause = FIRST_MILLIS; ; pause = STEP_MILLIS) {
        try {
          lock.wait(pause);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
        if (closed) {
          return;
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - startNanos);
        out.print(CLEAR + what + ", " + Show.span(Duration.ofSeconds(waited.toSeconds())));
        out.flush();
        shown = true;
      }
    }
  }

  /** Removes the line. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
      if (shown) {
        out.print(CLEAR);
        out.flush();
      }
    }
  }
}
