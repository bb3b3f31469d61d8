package dev.sluice.monitor.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Metrics;
import dev.sluice.node.ProxyAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through a proxy comes out as it went in. */
@Timeout(120)
final class ForwarderTest {
  private static final int LARGE = 50 << 20;

  /** Two hops have four socket buffers of at most 6 MiB, of what the kernel allows by default. */
  private static final long ON_THE_WAY = 24 << 20;

  private final Path directory;
  private final ProxiedNode node;

  ForwarderTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    node = new ProxiedNode("p", directory);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private RawClient raw() throws IOException {
    return new RawClient(node.proxy.address().port());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/a?", "/a?b=%20c&b=+", "//a//b", "/a%2Fb/%2e%2e/c", "/a|b[1]?c|d", "/%ff"})
  void targetsAsTheClientWritesThem(String target) throws Exception {
    CompletableFuture<String> line = new CompletableFuture<>();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ProxyServer proxy = before(server)) {
      serve(server, socket -> line.complete(firstLine(socket)));
      try (RawClient client = new RawClient(proxy.address().port())) {
        client.send("GET " + target + " HTTP/1.1\nHost: h\n\n");
        assertThat(line.get()).isEqualTo("GET " + target + " HTTP/1.1");
      }
    }
  }

  private interface Serving {
    void serve(Socket socket) throws IOException;
  }

  /** An application made of a socket, for one connection. */
  private static void serve(ServerSocket server, Serving serving) {
    Thread thread =
        new Thread(
            () -> {
              try (Socket socket = server.accept()) {
                serving.serve(socket);
              } catch (IOException e) {
                // The test has seen what it wanted to.
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private ProxyServer before(ServerSocket application) throws IOException {
    return ProxyServer.start(
        new ProxyOptions(
            ProxiedNode.FREE,
            new ListenAddress("127.0.0.1", application.getLocalPort()),
            List.of(),
            List.of(),
            1_000,
            WriteForwarding.PROXY,
            false,
            null),
        node.node,
        new PrimaryNode() {
          @Override
          public @Nullable String url() {
            return null;
          }

          @Override
          public @Nullable ProxyAddress proxyOf(String url) {
            return null;
          }
        },
        new Metrics());
  }

  private static byte[] answer(String lines) {
    return lines.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String firstLine(Socket socket) throws IOException {
    return head(socket.getInputStream()).lines().findFirst().orElse("");
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  @Test
  void headersAsTheyAreButThoseOfTheConnection() throws Exception {
    CompletableFuture<String> asked = new CompletableFuture<>();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ProxyServer proxy = before(server)) {
      serve(
          server,
          socket -> {
            asked.complete(head(socket.getInputStream()));
            socket
                .getOutputStream()
                .write(
                    answer(
                        """
                        HTTP/1.1 404 Gone Fishing
                        X-a: 1
                        X-a: 2
                        Server: own
                        Keep-Alive: timeout=5
                        Connection: close, x-hop
                        X-Hop: 1
                        Content-Length: 2

                        ok"""));
          });
      try (RawClient client = new RawClient(proxy.address().port())) {
        client.send(
            """
            GET / HTTP/1.1
            Host: example.org
            x-B: 1
            x-B: 2
            Connection: keep-alive, X-Hop, Upgrade
            X-Hop: 1
            TE: trailers
            Upgrade: h2c
            Proxy-Authorization: x

            """);
        String answer = client.head();
        assertThat(answer)
            .startsWith("HTTP/1.1 404 ")
            .contains("X-a: 1\nX-a: 2\nServer: own\n", "Content-Length: 2\n")
            .doesNotContainIgnoringCase("hop", "keep-alive", "Date:", "sluice");
        assertThat(client.bytes(2)).isEqualTo("ok");
      }
      assertThat(asked.get())
          .contains("Host: example.org\r\n", "x-B: 1\r\nx-B: 2\r\n")
          .doesNotContainIgnoringCase(
              "x-hop", "TE:", "Upgrade", "Proxy-Auth", "User-Agent", "Accept-Encoding");
    }
  }

  @Test
  void keepsTheConnectionOfTheClient() throws Exception {
    try (RawClient client = raw()) {
      for (int i = 0; i < 3; i++) {
        client.send("POST /" + i + " HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc");
        assertThat(client.head()).startsWith("HTTP/1.1 200 ").contains("Content-Length: 3\n");
        assertThat(client.bytes(3)).isEqualTo("abc");
      }
      // Chunks.
      client.send("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n4\ndefg\n0\n\n");
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      assertThat(client.bytes(7)).isEqualTo("abcdefg");
    }
  }

  @Test
  void answersWithoutContent() throws Exception {
    node.application.handler =
        exchange -> {
          int status = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
          exchange.getResponseHeaders().set("ETag", "\"x\"");
          if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", "12345");
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        };
    assertThat(node.get("/204").statusCode()).isEqualTo(204);
    assertThat(node.get("/304").headers().firstValue("ETag")).hasValue("\"x\"");
    HttpResponse<String> head = node.ask("HEAD", "/200", "");
    assertThat(head.headers().firstValue("Content-Length")).hasValue("12345");
    assertThat(head.body()).isEmpty();
  }

  @Test
  void chunksComeAsTheyAreSent() throws Exception {
    CompletableFuture<Void> seen = new CompletableFuture<>();
    node.application.handler =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write("first".getBytes(StandardCharsets.US_ASCII));
          exchange.getResponseBody().flush();
          seen.join();
          exchange.getResponseBody().write("second".getBytes(StandardCharsets.US_ASCII));
          exchange.close();
        };
    HttpResponse<InputStream> answer =
        node.http.send(HttpRequest.newBuilder(node.uri("/")).build(), BodyHandlers.ofInputStream());
    try (InputStream body = answer.body()) {
      assertThat(new String(body.readNBytes(5), StandardCharsets.US_ASCII)).isEqualTo("first");
      seen.complete(null);
      assertThat(new String(body.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("second");
    }
  }

  @Test
  void oneHundredContinueWhenTheContentIsWanted() throws Exception {
    try (RawClient client = raw()) {
      client.send("POST / HTTP/1.1\nHost: h\nContent-Length: 3\nExpect: 100-continue\n\n");
      assertThat(client.head()).startsWith("HTTP/1.1 100 ");
      client.send("abc");
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      assertThat(client.bytes(3)).isEqualTo("abc");
    }
    node.application.close();
    try (RawClient client = raw()) {
      client.send("POST / HTTP/1.1\nHost: h\nContent-Length: 3\nExpect: 100-continue\n\n");
      String head = client.head();
      if (head.startsWith("HTTP/1.1 100 ")) {
        // On a connection of before, whose end was not seen yet.
        client.send("abc");
        head = client.head();
      }
      assertThat(head).startsWith("HTTP/1.1 502 ");
    }
  }

  @Test
  void aLargeUploadIsNotKept() throws Exception {
    AtomicLong sent = new AtomicLong();
    AtomicLong read = new AtomicLong();
    AtomicLong most = new AtomicLong();
    node.application.handler =
        exchange -> {
          byte[] buffer = new byte[1 << 20];
          InputStream in = exchange.getRequestBody();
          for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            most.accumulateAndGet(sent.get() - read.get(), Math::max);
            read.addAndGet(n);
          }
          TestApplication.answer(exchange, 200, "ok");
        };
    byte[] piece = new byte[64 << 10];
    try (RawClient client = raw()) {
      client.send("PUT / HTTP/1.1\nHost: h\nContent-Length: " + LARGE + "\n\n");
      while (sent.get() < LARGE) {
        client.out.write(piece);
        sent.addAndGet(piece.length);
      }
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
    }
    assertThat(read.get()).isEqualTo(LARGE);
    assertThat(most.get()).isLessThan(ON_THE_WAY);
  }

  @Test
  void anUploadThatTheApplicationDoesNotReadStops() throws Exception {
    CompletableFuture<Void> goOn = new CompletableFuture<>();
    node.application.handler =
        exchange -> {
          goOn.join();
          TestApplication.answer(exchange, 200, "ok");
        };
    AtomicLong sent = new AtomicLong();
    try (RawClient client = raw()) {
      client.send("PUT / HTTP/1.1\nHost: h\nContent-Length: " + LARGE + "\n\n");
      Thread writer =
          new Thread(
              () -> {
                try {
                  byte[] piece = new byte[64 << 10];
                  while (sent.get() < LARGE) {
                    client.out.write(piece);
                    sent.addAndGet(piece.length);
                  }
                } catch (IOException e) {
                  // The test ends.
                }
              });
      writer.start();
      awaitStandstill(sent);
      assertThat(sent.get()).isLessThan(ON_THE_WAY);
      goOn.complete(null);
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      writer.join();
    }
  }

  /** Until a number has not changed for half a second. */
  private static void awaitStandstill(AtomicLong number) throws InterruptedException {
    long last = -1;
    for (int same = 0; same < 10; same = number.get() == last && last > 0 ? same + 1 : 0) {
      last = number.get();
      Thread.sleep(50);
    }
  }

  @Test
  void aDownloadThatTheClientDoesNotReadStops() throws Exception {
    AtomicLong written = new AtomicLong();
    node.application.handler = exchange -> download(exchange, written);
    try (RawClient client = raw()) {
      client.send("GET / HTTP/1.1\nHost: h\n\n");
      awaitStandstill(written);
      assertThat(written.get()).isLessThan(ON_THE_WAY);
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      long left = LARGE;
      byte[] buffer = new byte[1 << 20];
      while (left > 0) {
        int n = client.in.read(buffer);
        assertThat(n).isPositive();
        left -= n;
      }
    }
  }

  private static void download(HttpExchange exchange, AtomicLong written) throws IOException {
    exchange.sendResponseHeaders(200, LARGE);
    byte[] piece = new byte[64 << 10];
    OutputStream out = exchange.getResponseBody();
    for (int i = 0; i < LARGE / piece.length; i++) {
      out.write(piece);
      written.addAndGet(piece.length);
    }
    exchange.close();
  }

  @Test
  void theApplicationHearsOfAClientThatLeaves() throws Exception {
    AtomicLong written = new AtomicLong();
    CompletableFuture<Exception> failed = new CompletableFuture<>();
    node.application.handler =
        exchange -> {
          try {
            download(exchange, written);
          } catch (IOException e) {
            failed.complete(e);
          }
        };
    try (RawClient client = raw()) {
      client.send("GET / HTTP/1.1\nHost: h\n\n");
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
    }
    assertThat(failed.get()).isInstanceOf(IOException.class);
    CompletableFuture<Exception> cut = new CompletableFuture<>();
    node.application.handler =
        exchange -> {
          try {
            exchange.getRequestBody().readAllBytes();
          } catch (IOException e) {
            cut.complete(e);
          }
        };
    try (RawClient client = raw()) {
      client.send("PUT / HTTP/1.1\nHost: h\nContent-Length: 1000\n\nabc");
    }
    assertThat(cut.get()).isInstanceOf(IOException.class);
  }

  @Test
  void anAnswerThatIsCutIsCutForTheClient() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ProxyServer proxy = before(server)) {
      serve(
          server,
          socket -> {
            head(socket.getInputStream());
            socket
                .getOutputStream()
                .write(
                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
                        .getBytes(StandardCharsets.US_ASCII));
          });
      try (RawClient client = new RawClient(proxy.address().port())) {
        client.send("GET / HTTP/1.1\nHost: h\n\n");
        assertThat(client.head()).startsWith("HTTP/1.1 200 ");
        assertThat(new String(client.in.readAllBytes(), StandardCharsets.US_ASCII))
            .isEqualTo("abc");
      }
    }
  }

  @Test
  void anApplicationThatIsDown() {
    int port = node.application.port();
    node.application.close();
    HttpResponse<String> answer = node.post("/", "x");
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body())
        .contains("the application at http://127.0.0.1:" + port + " gives no answer")
        .contains("start the application");
  }

  /** A handshake, then bytes both ways, at once and later. */
  @Test
  void webSockets() throws Exception {
    CompletableFuture<String> handshake = new CompletableFuture<>();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ProxyServer proxy = before(server)) {
      serve(
          server,
          socket -> {
            handshake.complete(head(socket.getInputStream()));
            socket
                .getOutputStream()
                .write(
                    answer(
                        """
                        HTTP/1.1 101 Switching Protocols
                        Connection: Upgrade
                        Upgrade: websocket
                        Sec-WebSocket-Accept: yes

                        hello"""));
            socket.getInputStream().transferTo(socket.getOutputStream());
          });
      try (RawClient client = new RawClient(proxy.address().port())) {
        client.send(
            """
            GET /ws HTTP/1.1
            Host: h
            Connection: keep-alive, Upgrade
            Upgrade: websocket
            Sec-WebSocket-Key: key
            Sec-WebSocket-Version: 13

            """);
        assertThat(client.head())
            .startsWith("HTTP/1.1 101 ")
            .contains("Upgrade: websocket\n", "Sec-WebSocket-Accept: yes\n");
        assertThat(client.bytes(5)).isEqualTo("hello");
        for (int i = 0; i < 100; i++) {
          client.send("ping" + (i % 10));
          assertThat(client.bytes(5)).isEqualTo("ping" + (i % 10));
        }
        byte[] large = new byte[1 << 20];
        for (int i = 0; i < large.length; i++) {
          large[i] = (byte) (i * 31);
        }
        Thread writer =
            new Thread(
                () -> {
                  try {
                    client.out.write(large);
                  } catch (IOException e) {
                    // The other side notices.
                  }
                });
        writer.start();
        byte[] back = new byte[large.length];
        client.in.readFully(back);
        assertThat(back).isEqualTo(large);
        client.socket.shutdownOutput();
        assertThat(client.in.read()).isNegative();
      }
      assertThat(handshake.get())
          .contains("Upgrade: websocket\r\n", "Sec-WebSocket-Key: key\r\n")
          .containsIgnoringCase("Connection: Upgrade\r\n");
    }
  }

  @Test
  void anUploadThroughAFollower() throws Exception {
    try (ProxiedNode follower = new ProxiedNode("f", directory)) {
      follower.follows(node);
      AtomicLong read = new AtomicLong();
      node.application.handler =
          exchange -> {
            read.set(exchange.getRequestBody().transferTo(OutputStream.nullOutputStream()));
            TestApplication.answer(exchange, 200, "ok");
          };
      HttpResponse<String> answer =
          follower.http.send(
              HttpRequest.newBuilder(follower.uri("/"))
                  .POST(BodyPublishers.ofByteArray(new byte[LARGE]))
                  .build(),
              BodyHandlers.ofString());
      assertThat(answer.body()).isEqualTo("ok");
      assertThat(read.get()).isEqualTo(LARGE);
    }
  }
}
