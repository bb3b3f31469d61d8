package dev.sluice.monitor.proxy;

import java.util.List;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Tells the application who asked and for what: {@code X-Forwarded-…}, and {@code Forwarded} of RFC
 * 7239. The address of who has connected is added to the end of those given; host and scheme stay
 * as the first proxy gave them.
 */
final class ForwardedHeaders {
  private ForwardedHeaders() {}

  static void add(Request request, HttpFields.Mutable headers) {
    String address = Request.getRemoteAddr(request).replaceAll("[\\[\\]]", "");
    String scheme = request.isSecure() ? "https" : "http";
    @Nullable String host = request.getHeaders().get(HttpHeader.HOST);
    append(headers, HttpHeader.X_FORWARDED_FOR, address);
    if (!headers.contains(HttpHeader.X_FORWARDED_PROTO)) {
      headers.put(HttpHeader.X_FORWARDED_PROTO, scheme);
    }
    if (host != null && !headers.contains(HttpHeader.X_FORWARDED_HOST)) {
      headers.put(HttpHeader.X_FORWARDED_HOST, host);
    }
    String forwarded =
        "for=" + (address.contains(":") ? "\"[" + address + "]\"" : address) + ";proto=" + scheme;
    if (host != null && host.matches("[-A-Za-z0-9._:\\[\\]]+")) {
      forwarded += ";host=\"" + host + "\"";
    }
    append(headers, HttpHeader.FORWARDED, forwarded);
  }

  private static void append(HttpFields.Mutable headers, HttpHeader name, String value) {
    List<String> before = headers.getCSV(name, true);
    headers.put(name, before.isEmpty() ? value : String.join(", ", before) + ", " + value);
  }
}
