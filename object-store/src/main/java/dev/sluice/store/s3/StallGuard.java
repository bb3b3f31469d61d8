package dev.sluice.store.s3;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;

/**
 * Ends requests whose server has stopped to take what is sent, for which sockets have no time-out.
 * A time limit for whole requests would do so too, but would also end those on a slow line.
 */
final class StallGuard implements SdkHttpClient {
  private final SdkHttpClient client;
  private final long silenceNanos;

  /** Thread {@code s3-stall-guard}, there while content is sent. */
  private final ScheduledThreadPoolExecutor guard;

  /**
   * @param silence after this long without progress a request is ended
   */
  StallGuard(SdkHttpClient client, Duration silence) {
    this.client = client;
    this.silenceNanos = silence.toNanos();
    this.guard =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "s3-stall-guard");
              thread.setDaemon(true);
              return thread;
            });
    guard.setKeepAliveTime(10, TimeUnit.SECONDS);
    guard.allowCoreThreadTimeOut(true);
    guard.setRemoveOnCancelPolicy(true);
  }

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
    if (request.contentStreamProvider().isEmpty()) {
      return client.prepareRequest(request);
    }
    Sending sending = new Sending(request.contentStreamProvider().get());
    ExecutableHttpRequest inner =
        client.prepareRequest(
            HttpExecuteRequest.builder()
                .request(request.httpRequest())
                .contentStreamProvider(sending)
                .metricCollector(request.metricCollector().orElse(null))
                .build());
    return new Guarded(inner, sending);
  }

  @Override
  public void close() {
    guard.shutdownNow();
    client.close();
  }

  @Override
  public String clientName() {
    return client.clientName();
  }

  private final class Guarded implements ExecutableHttpRequest {
    private final ExecutableHttpRequest inner;
    private final Sending sending;
    private volatile boolean isStalled;

    Guarded(ExecutableHttpRequest inner, Sending sending) {
      this.inner = inner;
      this.sending = sending;
    }

    @Override
    public HttpExecuteResponse call() throws IOException {
      Future<?> checks =
          guard.scheduleWithFixedDelay(
              this::check, silenceNanos / 4, silenceNanos / 4, TimeUnit.NANOSECONDS);
      try {
        return inner.call();
      } catch (IOException e) {
        if (isStalled) {
          throw new IOException(
              "the server took nothing for " + TimeUnit.NANOSECONDS.toMillis(silenceNanos) + " ms",
              e);
        }
        throw e;
      } finally {
        checks.cancel(false);
      }
    }

    private void check() {
      if (sending.isWaiting && System.nanoTime() - sending.sinceNanos > silenceNanos) {
        isStalled = true;
        inner.abort();
      }
    }

    @Override
    public void abort() {
      inner.abort();
    }
  }

  /** Content that notes since when it waits for the next read. */
  private static final class Sending implements ContentStreamProvider {
    private final ContentStreamProvider content;
    private volatile boolean isWaiting;
    private volatile long sinceNanos;

    Sending(ContentStreamProvider content) {
      this.content = content;
    }

    @Override
    public InputStream newStream() {
      return new FilterInputStream(content.newStream()) {
        @Override
        public int read() throws IOException {
          isWaiting = false;
          int b = in.read();
          waits(b >= 0);
          return b;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          isWaiting = false;
          int n = in.read(bytes, offset, length);
          waits(n >= 0);
          return n;
        }
      };
    }

    private void waits(boolean waiting) {
      sinceNanos = System.nanoTime();
      isWaiting = waiting;
    }
  }
}
