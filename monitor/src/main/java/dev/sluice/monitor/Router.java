package dev.sluice.monitor;

import dev.sluice.access.Scope;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the endpoint of a request and gives every error the one form. */
final class Router extends Handler.Abstract {
  private static final Logger LOG = LoggerFactory.getLogger(Router.class);

  private final Map<String, Endpoint> byPath = new LinkedHashMap<>();

  private final Door door;
  private final Map<String, Page> pages;

  /**
   * @param pages of the dashboard, by path; anybody may have them
   */
  Router(List<Endpoint> endpoints, Door door, Map<String, Page> pages) {
    this.door = door;
    this.pages = pages;
    endpoints.forEach(e -> byPath.put(e.path(), e));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Exchange exchange =
        new Exchange(request, response, callback, Fields.EMPTY, door.granted(request));
    Page page = pages.get(Request.getPathInContext(request));
    if (page != null && Page.takes(request.getMethod())) {
      page.answer(exchange);
      return true;
    }
    try {
      refuseOtherSites(request);
      Endpoint endpoint = find(exchange);
      exchange.demand(endpoint.scope());
      Fields query = query(request);
      // A misspelt timeout must not pass for the default. Probes may carry what they like.
      if (endpoint.path().startsWith("/v1/")) {
        for (Fields.Field field : query) {
          if (!endpoint.parameters().contains(field.getName())) {
            throw new ApiException(
                400,
                field.getName() + ": unknown parameter",
                endpoint + " takes " + String.join(", ", endpoint.parameters()));
          }
        }
      }
      endpoint.action().answer(exchange.with(query));
    } catch (ApiException e) {
      exchange.json(e.status(), e.problem());
    } catch (IOException | RuntimeException e) {
      LOG.error("{} {} failed", request.getMethod(), request.getHttpURI(), e);
      exchange.json(500, new Problem(e.toString(), "the node's log has more"));
    }
    return true;
  }

  /**
   * A page of another site can have a browser send a request here, and the node of a developer may
   * ask nobody for a token.
   */
  private static void refuseOtherSites(Request request) throws ApiException {
    String site = request.getHeaders().get("Sec-Fetch-Site");
    if (site != null
        && !site.equals("same-origin")
        && !site.equals("none")
        && !HttpMethod.GET.is(request.getMethod())) {
      throw new ApiException(
          403, "a page of another site has asked for this", "use the page of this node");
    }
  }

  private Endpoint find(Exchange exchange) throws ApiException {
    Request request = exchange.request();
    String path = Request.getPathInContext(request);
    Endpoint endpoint = byPath.get(path);
    if (endpoint == null) {
      throw new ApiException(
          404,
          "no such path: " + path,
          byPath.values().stream().map(Endpoint::toString).collect(Collectors.joining(", ")));
    }
    if (!endpoint.takes(request.getMethod())) {
      exchange.response().getHeaders().put(HttpHeader.ALLOW, endpoint.method());
      throw new ApiException(405, path + " takes " + endpoint.method() + " only", null);
    }
    return endpoint;
  }

  private static Fields query(Request request) throws ApiException {
    try {
      return Request.extractQueryParameters(request);
    } catch (RuntimeException e) {
      throw new ApiException(
          400, "the query is malformed: " + request.getHttpURI().getQuery(), null);
    }
  }

  /** For requests that come no further than the parser, and streams that fail at once. */
  static boolean error(Request request, Response response, Callback callback) {
    Throwable cause = (Throwable) request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
    String message = (String) request.getAttribute(ErrorHandler.ERROR_MESSAGE);
    String reason =
        cause instanceof HttpException http
            ? http.getReason()
            : cause != null ? cause.toString() : message;
    new Exchange(request, response, callback, Fields.EMPTY, Scope.NONE)
        .json(response.getStatus(), new Problem(String.valueOf(reason), null));
    return true;
  }
}
