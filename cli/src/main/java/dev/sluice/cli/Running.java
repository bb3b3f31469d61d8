package dev.sluice.cli;

import dev.sluice.os.Libc;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command that runs until it is stopped: by SIGTERM or SIGINT, or by SIGHUP where that reloads
 * nothing. These go to the application if there is one. Make it before what is to be stopped, so
 * that a signal during the start is not lost. A third signal ends the process at once.
 */
final class Running {
  private static final Logger log = LoggerFactory.getLogger(Running.class);

  private static final int PATIENCE = 3;
  private static final int BY_SIGNAL = 128;
  private static final int HANG_UP = 1;

  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicInteger signals = new AtomicInteger();
  private volatile @Nullable Process application;

  private volatile @Nullable Runnable reload;

  Running() {
    Signals.handle(this::onSignal, "TERM", "INT", "HUP");
  }

  /** Has {@code action} run on SIGHUP, which then stops nothing. */
  void onHangUp(Runnable action) {
    reload = action;
  }

  private void onSignal(int number) {
    Runnable reloading = reload;
    if (number == HANG_UP && reloading != null) {
      reloading.run();
      return;
    }
    if (signals.incrementAndGet() >= PATIENCE) {
      Runtime.getRuntime().halt(BY_SIGNAL + number);
    }
    Process process = application;
    if (process != null) {
      Libc.kill(process.pid(), number);
    } else {
      log.info("stopping");
      ended.countDown();
    }
  }

  /** Waits for a signal or for {@link #end}. */
  void await() throws InterruptedException {
    ended.await();
  }

  /** Ends the waiting. */
  void end() {
    ended.countDown();
  }

  /**
   * Runs the application and gives its exit status; as a shell, 128 and the signal that ended it.
   */
  int run(List<String> command) throws IOException, InterruptedException {
    if (signals.get() > 0) {
      return ExitStatus.OK;
    }
    try {
      Process process = new ProcessBuilder(command).inheritIO().start();
      application = process;
      if (signals.get() > 0) {
        // It came while the application started.
        process.destroy();
      }
      return process.waitFor();
    } catch (IOException e) {
      throw new UserException(
          "cannot run " + command.get(0), "check that the program exists and may be executed", e);
    }
  }
}
