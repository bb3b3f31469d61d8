package dev.sluice.monitor;

import dev.sluice.access.Scope;
import dev.sluice.access.Tokens;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * What a request may do: what its token allows.
 *
 * @param open the connector that asks for no token; null when all do
 */
record Door(Tokens tokens, @Nullable Connector open) {
  private static final String BEARER = "Bearer ";

  /** What {@code request} may do; {@link Scope#NONE} without a token, or with one unknown here. */
  Scope granted(Request request) {
    if (open != null && request.getConnectionMetaData().getConnector() == open) {
      return Scope.ADMIN;
    }
    String header = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? tokens.scopeOf(header.substring(BEARER.length()).strip())
        : Scope.NONE;
  }
}
