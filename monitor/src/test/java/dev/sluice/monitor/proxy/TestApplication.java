package dev.sluice.monitor.proxy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** An application behind a proxy, in this process: answers with what it was asked, by default. */
final class TestApplication implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** {@code METHOD /path?query}, in the order they came. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  volatile HttpHandler handler = exchange -> answer(exchange, 200, null);
  volatile @Nullable HttpExchange last;

  TestApplication(int port) throws IOException {
    server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 4_096);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          last = exchange;
          handler.handle(exchange);
        });
    server.start();
  }

  TestApplication() throws IOException {
    this(0);
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Answers with the request's content, or with {@code text}. */
  static void answer(HttpExchange exchange, int status, @Nullable String text) throws IOException {
    byte[] asked = exchange.getRequestBody().readAllBytes();
    byte[] body = text == null ? asked : text.getBytes(StandardCharsets.UTF_8);
    boolean none = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
    exchange.sendResponseHeaders(status, none ? -1 : body.length);
    if (!none) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
