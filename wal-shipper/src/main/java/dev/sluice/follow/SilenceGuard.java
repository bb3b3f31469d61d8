package dev.sluice.follow;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes from a sender that is never silent for long. No socket tells that it was stopped or
 * cut off: who reads would wait for good. For one reader.
 */
final class SilenceGuard extends FilterInputStream {
  private static final Logger log = LoggerFactory.getLogger(SilenceGuard.class);

  private static final int LOOKS = 3;

  private static final ScheduledExecutorService CHECKS =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "stream-silence");
            thread.setDaemon(true);
            return thread;
          });

  private final Duration notice;
  private final Duration end;
  private final Runnable noticed;
  private final Future<?> checks;

  /** Since when the reader waits; 0 while it does not. */
  private volatile long sinceNanos;

  private volatile boolean isSilent;
  private volatile boolean isEnded;

  /**
   * @param notice a silence after which {@code noticed} is run, once
   * @param end one after which the read fails
   */
  SilenceGuard(InputStream in, Duration notice, Duration end, Runnable noticed) {
    super(in);
    this.notice = notice;
    this.end = end;
    this.noticed = noticed;
    long millis = notice.toMillis() / LOOKS;
    this.checks = CHECKS.scheduleWithFixedDelay(this::check, millis, millis, TimeUnit.MILLISECONDS);
  }

  /** Whether the silence that is to be noticed goes on. */
  boolean isSilent() {
    return isSilent;
  }

  private void check() {
    long since = sinceNanos;
    long silence = since == 0 ? 0 : System.nanoTime() - since;
    if (silence > end.toNanos() && !isEnded) {
      isEnded = true;
      try {
        in.close();
      } catch (IOException e) {
        log.debug("closing what is silent", e);
      }
    } else if (silence > notice.toNanos() && !isSilent) {
      isSilent = true;
      noticed.run();
    }
  }

  private void waits() {
    long now = System.nanoTime();
    sinceNanos = now == 0 ? 1 : now;
  }

  private int heard(int read) throws IOException {
    sinceNanos = 0;
    if (isEnded) {
      throw ended(null);
    }
    isSilent = false;
    return read;
  }

  private IOException ended(@Nullable IOException closed) {
    return new IOException("nothing came for " + end.toMillis() + " ms", closed);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    waits();
    int read;
    try {
      read = in.read(target, offset, length);
    } catch (IOException e) {
      throw isEnded ? ended(e) : e;
    }
    return heard(read);
  }

  @Override
  public void close() throws IOException {
    checks.cancel(false);
    super.close();
  }
}
