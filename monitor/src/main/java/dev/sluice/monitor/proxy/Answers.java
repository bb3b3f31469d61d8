package dev.sluice.monitor.proxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** What the proxy says itself, in the form of the node's API: {@code {"error": …, "hint": …}}. */
final class Answers {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** A moment, so that clients come back when a primary is there or this node has caught up. */
  private static final String RETRY_SECONDS = "1";

  @JsonInclude(JsonInclude.Include.NON_NULL)
  private record Problem(String error, @Nullable String hint, @Nullable String primary) {}

  private Answers() {}

  static void error(
      Response response, Callback callback, int status, String error, @Nullable String hint) {
    write(response, callback, status, new Problem(error, hint, null));
  }

  /** The client may try again soon. */
  static void later(
      Response response, Callback callback, int status, String error, @Nullable String hint) {
    response.getHeaders().put(HttpHeader.RETRY_AFTER, RETRY_SECONDS);
    error(response, callback, status, error, hint);
  }

  /** The client may try there. */
  static void elsewhere(
      Response response, Callback callback, String error, @Nullable String primary) {
    write(response, callback, 409, new Problem(error, "send it to the primary", primary));
  }

  private static void write(Response response, Callback callback, int status, Problem problem) {
    byte[] body;
    try {
      body = JSON.writeValueAsBytes(problem);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  /** For requests that come no further than the parser. */
  static boolean unreadable(Request request, Response response, Callback callback) {
    Throwable cause = (Throwable) request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
    String message = (String) request.getAttribute(ErrorHandler.ERROR_MESSAGE);
    String reason = cause instanceof HttpException http ? http.getReason() : message;
    int status = response.getStatus();
    error(
        response, callback, status, reason == null ? HttpStatus.getMessage(status) : reason, null);
    return true;
  }
}
