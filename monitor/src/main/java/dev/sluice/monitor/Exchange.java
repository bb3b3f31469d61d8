package dev.sluice.monitor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sluice.access.Scope;
import dev.sluice.log.DatabaseName;
import dev.sluice.ltx.Position;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/**
 * A request and its answer. An answer is one buffer, written without blocking: a slow client holds
 * no thread.
 *
 * @param granted what who asks may do
 */
record Exchange(
    Request request, Response response, Callback callback, Fields query, Scope granted) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  Exchange with(Callback other) {
    return new Exchange(request, response, other, query, granted);
  }

  Exchange with(Fields other) {
    return new Exchange(request, response, callback, other, granted);
  }

  /**
   * Goes on if who asks is allowed {@code needed}.
   *
   * @throws ApiException 401 when it is not known who asks, 403 when that one may do less
   */
  void demand(Scope needed) throws ApiException {
    if (granted.includes(needed)) {
      return;
    }
    if (granted != Scope.NONE) {
      challenge("error=\"insufficient_scope\", scope=\"" + needed.label() + "\"");
      throw new ApiException(
          403,
          "the token has scope " + granted.label() + ", this needs " + needed.label(),
          "ask with a token of scope " + needed.label());
    }
    boolean shown = request.getHeaders().contains(HttpHeader.AUTHORIZATION);
    challenge(shown ? "error=\"invalid_token\"" : null);
    throw new ApiException(
        401,
        shown ? "this node does not know that token" : "this node asks for a token",
        "give one of scope "
            + needed.label()
            + " with --token-file FILE, 'token' or SLUICE_TOKEN; over HTTP as Authorization: Bearer"
            + " TOKEN");
  }

  private void challenge(@Nullable String why) {
    response
        .getHeaders()
        .put(
            HttpHeader.WWW_AUTHENTICATE,
            "Bearer realm=\"sluice\"" + (why == null ? "" : ", " + why));
  }

  boolean has(String parameter) {
    return query.get(parameter) != null;
  }

  /** The value of a parameter, or null when it is not given. */
  @Nullable String optional(String parameter) throws ApiException {
    Fields.Field field = query.get(parameter);
    if (field == null) {
      return null;
    }
    if (field.hasMultipleValues()) {
      throw bad(parameter + ": given more than once");
    }
    return field.getValue();
  }

  String required(String parameter) throws ApiException {
    String value = optional(parameter);
    if (value == null || value.isEmpty()) {
      throw bad(parameter + ": missing");
    }
    return value;
  }

  /** The database that is asked for. */
  String database() throws ApiException {
    return checked(required("database"));
  }

  /** The database that is asked for; null for all. */
  @Nullable String optionalDatabase() throws ApiException {
    String name = optional("database");
    return name == null ? null : checked(name);
  }

  private static String checked(String name) throws ApiException {
    try {
      return DatabaseName.checked(name);
    } catch (IllegalArgumentException e) {
      throw bad("database: " + e.getMessage());
    }
  }

  /** Where the client wants {@code database} to stand. */
  Position position() throws ApiException {
    try {
      return Position.parse(required("position"));
    } catch (IllegalArgumentException e) {
      throw bad(String.valueOf(e.getMessage()));
    }
  }

  long timeoutMillis() throws ApiException {
    String text = optional("timeout");
    try {
      return text == null ? WaitTimeout.DEFAULT_MILLIS : WaitTimeout.parseMillis(text);
    } catch (IllegalArgumentException e) {
      throw bad(String.valueOf(e.getMessage()));
    }
  }

  /** A whole number; {@code otherwise} when it is not given. */
  long number(String parameter, long otherwise, long least, long greatest) throws ApiException {
    String text = optional(parameter);
    if (text == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(text);
      if (number >= least && number <= greatest) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw bad(parameter + ": \"" + text + "\" is no whole number");
    }
    throw bad(parameter + ": must be from " + least + " to " + greatest);
  }

  static ApiException bad(String error) {
    return new ApiException(400, error, null);
  }

  void json(int status, Object body) {
    byte[] bytes;
    try {
      bytes = JSON.writeValueAsBytes(body);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
    bytes(status, "application/json", bytes);
  }

  void bytes(int status, String contentType, byte[] body) {
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    response.write(true, ByteBuffer.wrap(body), callback);
  }
}
