package dev.sluice.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command that runs until it is stopped. SIGTERM, SIGINT and SIGHUP go to the application, if
 * there is one; when that has ended, the node is closed cleanly, and the process ends with the
 * application's status.
 */
final class Running {
  private static final Logger log = LoggerFactory.getLogger(Running.class);

  private static final int BY_SIGNAL = 128;

  /** Held while the application starts, so that a signal finds it or keeps it from starting. */
  private final ReentrantLock lock = new ReentrantLock();

  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Process application;
  private volatile @Nullable Node node;
  private volatile boolean stopping;

  /** From now on a signal stops {@code running} cleanly. */
  void stopsWith(Node running) {
    node = running;
    Runtime.getRuntime().addShutdownHook(new Thread(this::onSignal, "stop"));
  }

  private void onSignal() {
    if (stopped.getCount() == 0) {
      return;
    }
    Process process;
    lock.lock();
    try {
      stopping = true;
      process = application;
    } finally {
      lock.unlock();
    }
    int status = ExitStatus.OK;
    try {
      if (process != null) {
        process.destroy();
        status = status(process.waitFor());
      } else {
        log.info("stopping");
      }
      Node running = node;
      if (running != null) {
        running.close();
      }
    } catch (IOException e) {
      status = ExitStatus.FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.out.flush();
    Runtime.getRuntime().halt(status);
  }

  /** Runs the application and gives its exit status. */
  int run(List<String> command) throws IOException, InterruptedException {
    Process process;
    lock.lock();
    try {
      if (stopping) {
        return ExitStatus.OK;
      }
      process = new ProcessBuilder(command).inheritIO().start();
      application = process;
    } catch (IOException e) {
      throw new UserException(
          "cannot run " + command.get(0), "check that the program exists and may be executed", e);
    } finally {
      lock.unlock();
    }
    int status = status(process.waitFor());
    if (stopping) {
      // The stopping thread ends the process.
      new CountDownLatch(1).await(1, TimeUnit.MINUTES);
    }
    return status;
  }

  /** As a shell shows it: 128 and the signal for a process that a signal ended. */
  private static int status(int exitValue) {
    return exitValue < 0 ? BY_SIGNAL - exitValue : exitValue;
  }

  /** The node is closed; a signal has nothing left to do. */
  void stopped() {
    if (!stopping) {
      stopped.countDown();
    }
  }
}
