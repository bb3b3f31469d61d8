package dev.sluice.monitor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.follow.StreamService;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class StreamTest {
  private static final Duration IDLE = Duration.ofMillis(200);

  private final Path directory;

  StreamTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private ServedNode serve(StreamService service) throws IOException {
    return new ServedNode(directory, service, IDLE);
  }

  private static HttpResponse<InputStream> stream(ServedNode served) throws Exception {
    return served.http.send(
        HttpRequest.newBuilder(served.uri("/v1/stream"))
            .POST(BodyPublishers.ofString("what I have"))
            .build(),
        BodyHandlers.ofInputStream());
  }

  private static <T> T take(SynchronousQueue<T> queue) throws InterruptedIOException {
    try {
      return queue.take();
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  @Test
  void whatIsFlushedArrivesBeforeMoreIsWritten() throws Exception {
    // The service writes the next word only once the client has read the one before.
    SynchronousQueue<String> next = new SynchronousQueue<>();
    StreamService service =
        (request, response) -> {
          String had = new String(request.readAllBytes(), UTF_8);
          response.flush();
          for (String word = take(next); !word.isEmpty(); word = take(next)) {
            response.write((had + " and " + word).getBytes(UTF_8));
            response.flush();
          }
        };
    try (ServedNode served = serve(service)) {
      // The headers come with the first flush, though nothing was written.
      HttpResponse<InputStream> answer = stream(served);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("content-type")).hasValue(StreamService.CONTENT_TYPE);
      for (String word : new String[] {"one", "two", "three"}) {
        next.put(word);
        String expected = "what I have and " + word;
        assertThat(new String(answer.body().readNBytes(expected.length()), UTF_8))
            .isEqualTo(expected);
      }
      next.put("");
      assertThat(answer.body().read()).isEqualTo(-1);
    }
  }

  @Test
  void aStreamOutlivesTheIdleTimeout() throws Exception {
    Executor later = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
    StreamService service =
        (request, response) -> {
          response.flush();
          CompletableFuture.runAsync(() -> {}, later).join();
          response.write('x');
        };
    try (ServedNode served = serve(service)) {
      assertThat(stream(served).body().readAllBytes()).containsExactly('x');
    }
  }

  @Test
  void closingInterruptsStreams() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    StreamService service =
        (request, response) -> {
          response.flush();
          try {
            take(new SynchronousQueue<>());
          } finally {
            interrupted.countDown();
          }
        };
    try (ServedNode served = serve(service)) {
      InputStream body = stream(served).body();
      served.server.close();
      interrupted.await();
      // Cut, not ended: the follower must not take it for a proper end.
      assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aStreamThatFailsAtOnceIsAnError() throws Exception {
    StreamService service =
        (request, response) -> {
          throw new IllegalStateException("no log");
        };
    try (ServedNode served = serve(service)) {
      HttpResponse<InputStream> answer = stream(served);
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(new String(answer.body().readAllBytes(), UTF_8)).contains("no log");
    }
  }

  @Test
  void aNodeWithoutAStreamSaysSo() throws Exception {
    try (ServedNode served = new ServedNode(directory)) {
      HttpResponse<InputStream> answer = stream(served);
      assertThat(answer.statusCode()).isEqualTo(501);
      assertThat(new String(answer.body().readAllBytes(), UTF_8)).contains("\"hint\"");
    }
  }
}
