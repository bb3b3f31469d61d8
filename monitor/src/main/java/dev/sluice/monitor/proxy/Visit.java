package dev.sluice.monitor.proxy;

import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way through the proxy. Used by one thread after the other.
 *
 * <p>It expects no 100 Continue from the application: the client gets one when its content is
 * wanted, that is when the application is connected to. Many applications never send one.
 */
final class Visit extends Request.Wrapper {
  /** Request and response header. */
  static final String HEADER = "Sluice-Position";

  static final String COOKIE = "__sluice";

  /** Where a request goes. */
  enum Destination {
    /** The application of this node, which follows. */
    HERE,
    /** The application of this node, which is the primary. */
    HERE_AS_PRIMARY,
    /** The proxy of the primary. */
    PRIMARY
  }

  private final Response response;
  private final Callback callback;
  private final HttpFields headers;
  private final boolean write;
  private final Positions positions;
  private final long moment;
  private final long startedNanos = System.nanoTime();
  private Destination destination = Destination.HERE;
  private String url = "";
  private Primaries.@Nullable Primary primary;
  private @Nullable Positions renewed;
  private boolean retried;
  private boolean reconnected;

  private Visit(
      Request request,
      Response response,
      Callback callback,
      HttpFields headers,
      boolean write,
      Positions positions,
      long moment) {
    super(request);
    this.response = response;
    this.callback = callback;
    this.headers = headers;
    this.write = write;
    this.positions = positions;
    this.moment = moment;
  }

  /**
   * @param moment of {@link Commits} before it
   * @throws IllegalArgumentException when its header makes no sense. A cookie that makes none is as
   *     good as none: the browser would send it again and again
   */
  static Visit of(
      Request request, Response response, Callback callback, PathRules rules, long moment) {
    HttpFields.Mutable headers = HttpFields.build(request.getHeaders());
    headers.remove(HttpHeader.EXPECT);
    Positions positions = Positions.NONE;
    for (HttpField field : headers.getFields(HEADER)) {
      positions = positions.andNewer(header(String.valueOf(field.getValue())));
    }
    for (HttpCookie cookie : Request.getCookies(request)) {
      if (cookie.getName().equals(COOKIE)) {
        positions = positions.andNewer(cookie(cookie.getValue()));
      }
    }
    String path = request.getHttpURI().getCanonicalPath();
    return new Visit(
        request,
        response,
        callback,
        headers.asImmutable(),
        rules.isWrite(request.getMethod(), path == null ? "" : path),
        positions,
        moment);
  }

  private static Positions header(String text) {
    try {
      return Positions.parse(text.strip());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(HEADER + " \"" + text + "\": " + e.getMessage(), e);
    }
  }

  private static Positions cookie(String text) {
    try {
      return Positions.parse(text);
    } catch (IllegalArgumentException e) {
      return Positions.NONE;
    }
  }

  @Override
  public HttpFields getHeaders() {
    return headers;
  }

  Response response() {
    return response;
  }

  Callback callback() {
    return callback;
  }

  boolean isWrite() {
    return write;
  }

  /** What the client has seen. */
  Positions positions() {
    return positions;
  }

  long moment() {
    return moment;
  }

  boolean isOlderThan(long millis) {
    return System.nanoTime() - startedNanos >= TimeUnit.MILLISECONDS.toNanos(millis);
  }

  boolean hasContent() {
    return getLength() > 0 || headers.contains(HttpHeader.TRANSFER_ENCODING);
  }

  boolean isWebSocket() {
    return getMethod().equals("GET")
        && headers.contains(HttpHeader.UPGRADE, "websocket")
        && headers.contains(HttpHeader.CONNECTION, "upgrade");
  }

  /** Whether it may be sent again after it was sent. */
  private boolean isRepeatable() {
    return PathRules.isSafe(getMethod()) && !hasContent();
  }

  /** Path and query as the client has written them. */
  String target() {
    String target = getHttpURI().getPathQuery();
    return target == null || target.isEmpty() ? "/" : target;
  }

  void goesHere(String application, boolean leads) {
    destination = leads ? Destination.HERE_AS_PRIMARY : Destination.HERE;
    url = application;
    primary = null;
  }

  void goesTo(Primaries.Primary to) {
    destination = Destination.PRIMARY;
    url = to.url().toString();
    primary = to;
  }

  Destination destination() {
    return destination;
  }

  /** Of where it goes, without a slash at its end. */
  String url() {
    return url;
  }

  /** Where it goes; null when it stays here. */
  Primaries.@Nullable Primary primary() {
    return primary;
  }

  /** What the client is to send from now on; null when it may go on as it does. */
  @Nullable Positions renewed() {
    return renewed;
  }

  void renew(Positions with) {
    renewed = with;
  }

  /** Whether it is a read that the application of a follower has answered, for the first time. */
  boolean mayRetryOnPrimary() {
    return !retried && destination == Destination.HERE && isRepeatable();
  }

  void retriesOnPrimary() {
    retried = true;
  }

  boolean isRetried() {
    return retried;
  }

  /** True once, for what may be sent again when the connection was closed under it. */
  boolean mayReconnect() {
    boolean may = !reconnected && isRepeatable();
    reconnected = true;
    return may;
  }
}
