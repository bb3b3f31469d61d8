package dev.sluice.monitor;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;

/** A file of the dashboard. It holds no data: anybody may have it. Immutable. */
final class Page {
  /**
   * Only what this node serves, nothing inline, and no text that becomes markup: names of databases
   * are what applications call their files.
   */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types 'none'";

  private static final List<String> FILES =
      List.of(
          "index.html",
          "style.css",
          "icon.svg",
          "app.js",
          "charts.js",
          "cluster.js",
          "cost.js",
          "database.js",
          "databases.js",
          "dom.js",
          "events.js",
          "live.js",
          "restore.js");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private final String contentType;
  private final byte[] content;
  private final String etag;

  private Page(String contentType, byte[] content, String etag) {
    this.contentType = contentType;
    this.content = content;
    this.etag = etag;
  }

  /** All of them, by their paths. */
  static Map<String, Page> all() {
    Map<String, Page> pages = new LinkedHashMap<>();
    for (String file : FILES) {
      pages.put(file.equals("index.html") ? "/" : "/" + file, read(file));
    }
    return pages;
  }

  private static Page read(String file) {
    try (InputStream in = Page.class.getResourceAsStream("dashboard/" + file)) {
      if (in == null) {
        throw new IllegalStateException("dashboard/" + file + " is missing from the build");
      }
      byte[] content = in.readAllBytes();
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      String etag = "\"" + HexFormat.of().formatHex(digest, 0, 8) + "\"";
      String type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
      return new Page(String.valueOf(type), content, etag);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static boolean takes(String method) {
    return method.equals("GET") || method.equals("HEAD");
  }

  void answer(Exchange exchange) {
    Response response = exchange.response();
    HttpFields.Mutable headers = response.getHeaders();
    headers.put(HttpHeader.ETAG, etag);
    // Asked for again each time, so that a page never is of another version than its node.
    headers.put(HttpHeader.CACHE_CONTROL, "no-cache");
    headers.put("Content-Security-Policy", POLICY);
    headers.put("X-Content-Type-Options", "nosniff");
    headers.put("Referrer-Policy", "no-referrer");
    headers.put("Cross-Origin-Opener-Policy", "same-origin");
    if (etag.equals(exchange.request().getHeaders().get(HttpHeader.IF_NONE_MATCH))) {
      response.setStatus(304);
      exchange.callback().succeeded();
      return;
    }
    headers.put(HttpHeader.CONTENT_TYPE, contentType);
    headers.put(HttpHeader.CONTENT_LENGTH, content.length);
    response.write(true, ByteBuffer.wrap(content), exchange.callback());
  }
}
