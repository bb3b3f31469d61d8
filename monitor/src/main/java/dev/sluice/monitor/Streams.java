package dev.sluice.monitor;

import dev.sluice.follow.BadStreamRequestException;
import dev.sluice.follow.StreamService;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Followers that are served a stream: one thread each, blocking, for as long as they stay. */
final class Streams implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Streams.class);

  /** A primary with more followers is better served by followers of followers. */
  private static final int MAX_OPEN = 256;

  /**
   * What a follower may say it has. With names of a hundred letters that is the most databases that
   * {@link StreamService} takes.
   */
  static final long MAX_REQUEST_BYTES = 16 << 20;

  /** The checksums of the pages of a database, 8 bytes each: those of half a terabyte. */
  static final long MAX_DIFFERENCE_BYTES = 1 << 30;

  private static final int BUFFER_BYTES = 64 << 10;
  private static final long IDLE_THREAD_SECONDS = 10;
  private static final long STOP_MILLIS = 1_000;

  private final StreamService service;
  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          0,
          MAX_OPEN,
          IDLE_THREAD_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> NodeServer.thread("sluice-stream", task));

  Streams(StreamService service) {
    this.service = service;
  }

  /** What is answered, blocking. */
  interface Answer {
    void write(StreamService service, InputStream in, OutputStream out) throws IOException;
  }

  StreamService service() {
    return service;
  }

  void serve(Exchange exchange, long maxRequestBytes, Answer answer) throws ApiException {
    if (exchange.request().getLength() > maxRequestBytes) {
      throw tooLarge(maxRequestBytes);
    }
    try {
      threads.execute(() -> answer(exchange, maxRequestBytes, answer));
    } catch (RejectedExecutionException e) {
      throw new ApiException(
          503, MAX_OPEN + " followers are served already", "let some follow another node");
    }
  }

  private static ApiException tooLarge(long maxRequestBytes) {
    return new ApiException(
        413,
        "the request has more than " + maxRequestBytes + " bytes",
        "follow fewer databases from one node");
  }

  private void answer(Exchange exchange, long maxRequestBytes, Answer answer) {
    Request request = exchange.request();
    Response response = exchange.response();
    Callback callback = exchange.callback();
    // To have nothing to say for hours is as it should be. But a follower that takes nothing for as
    // long as a connection may be idle is cut off: the write fails, and its thread is free again.
    request.addIdleTimeoutListener(idle -> false);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, StreamService.CONTENT_TYPE);
    String follower = Request.getRemoteAddr(request) + ":" + Request.getRemotePort(request);
    // The streams are not closed: the callback ends the answer, or cuts it, so that a follower can
    // tell the two apart.
    BoundedBody in = new BoundedBody(Content.Source.asInputStream(request), maxRequestBytes);
    OutputStream out =
        new BufferedOutputStream(Content.Sink.asOutputStream(response), BUFFER_BYTES);
    try {
      answer.write(service, in, out);
      out.flush();
      callback.succeeded();
    } catch (BadStreamRequestException e) {
      ApiException why =
          in.isTooLarge()
              ? tooLarge(maxRequestBytes)
              : new ApiException(
                  400, String.valueOf(e.getMessage()), "follow with this version of Sluice");
      exchange.json(why.status(), why.problem());
    } catch (IOException e) {
      LOG.info("The stream to {} has ended: {}", follower, e.toString());
      callback.failed(e);
    } catch (RuntimeException e) {
      LOG.error("The stream to {} has failed", follower, e);
      callback.failed(e);
    }
  }

  /** Interrupts all. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("{} streams have not ended when told to", threads.getActiveCount());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
