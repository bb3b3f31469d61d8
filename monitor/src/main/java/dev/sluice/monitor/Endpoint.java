package dev.sluice.monitor;

import dev.sluice.access.Scope;
import java.io.IOException;
import java.util.Set;

/**
 * One path of the API.
 *
 * @param method {@code GET}, which answers {@code HEAD} too, or {@code POST}
 * @param scope what who asks must be allowed; {@link Scope#NONE} for no token at all
 * @param parameters that the query may have
 */
record Endpoint(String method, String path, Scope scope, Set<String> parameters, Action action) {
  /** Answers a request, now or later. */
  interface Action {
    void answer(Exchange exchange) throws ApiException, IOException;
  }

  boolean takes(String requestMethod) {
    return method.equals(requestMethod) || (method.equals("GET") && requestMethod.equals("HEAD"));
  }

  @Override
  public String toString() {
    return method + " " + path;
  }
}
