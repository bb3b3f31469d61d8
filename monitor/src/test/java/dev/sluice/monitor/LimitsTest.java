package dev.sluice.monitor;

import static dev.sluice.monitor.ServedNode.encode;
import static dev.sluice.monitor.ServedNode.json;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.follow.FollowerListener;
import dev.sluice.follow.StreamServer;
import dev.sluice.follow.StreamService;
import dev.sluice.log.Databases;
import dev.sluice.log.Snapshots;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What who asks may not do to a node. */
@Timeout(60)
final class LimitsTest {
  private final Path directory;

  LimitsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static HttpResponse<String> stream(ServedNode served, BodyPublisher body)
      throws Exception {
    return served.http.send(
        HttpRequest.newBuilder(served.uri("/v1/stream")).POST(body).build(),
        BodyHandlers.ofString());
  }

  @Test
  void aFollowerThatTakesNothingIsCutOff() throws Exception {
    CountDownLatch cut = new CountDownLatch(1);
    StreamService endless =
        (request, response) -> {
          byte[] bytes = new byte[64 << 10];
          try {
            while (true) {
              response.write(bytes);
            }
          } finally {
            cut.countDown();
          }
        };
    try (ServedNode served = new ServedNode(directory, endless, Duration.ofMillis(300));
        Socket socket =
            new Socket(InetAddress.getLoopbackAddress(), served.server.address().port())) {
      socket
          .getOutputStream()
          .write(
              "POST /v1/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                  .getBytes(US_ASCII));
      cut.await();
    }
  }

  @Test
  void aFollowerThatDoesNotSayWhatItHasIsCutOff() throws Exception {
    CountDownLatch cut = new CountDownLatch(1);
    StreamService reading =
        (request, response) -> {
          try {
            request.readAllBytes();
          } finally {
            cut.countDown();
          }
        };
    try (ServedNode served = new ServedNode(directory, reading, Duration.ofMillis(300));
        Socket socket =
            new Socket(InetAddress.getLoopbackAddress(), served.server.address().port())) {
      socket
          .getOutputStream()
          .write(
              "POST /v1/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
                  .getBytes(US_ASCII));
      cut.await();
    }
  }

  /** The real stream server over an empty node. */
  private ServedNode streaming() throws IOException {
    Databases databases = Databases.open(directory.resolve("streamed"));
    Snapshots snapshots =
        new Snapshots(
            directory,
            (database, pgno, target) -> {
              throw new IOException("nothing to read");
            });
    return new ServedNode(
        directory.resolve("node"),
        new StreamServer(databases, snapshots, number -> {}, FollowerListener.NONE, 0),
        Duration.ofMinutes(1));
  }

  /** Nothing is sent that the node need not read to know: it closes the connection then. */
  @Test
  void aBodyThatIsTooLargeIsRefused() throws Exception {
    int length = (int) Streams.MAX_REQUEST_BYTES + 1;
    try (ServedNode served = streaming()) {
      assertThat(answer(served, "Content-Length: " + length + "\r\n\r\n", 0))
          .startsWith("HTTP/1.1 413 ")
          .contains("the request has more than 16777216 bytes");
      String chunk = "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(length) + "\r\n";
      assertThat(answer(served, chunk, length)).startsWith("HTTP/1.1 413 ");
    }
  }

  /** What comes back until the connection ends, of a body of spaces. */
  private static String answer(ServedNode served, String head, int bodyBytes) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), served.server.address().port())) {
      String request = "POST /v1/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head;
      socket.getOutputStream().write(request.getBytes(US_ASCII));
      socket.getOutputStream().write(" ".repeat(bodyBytes).getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  @Test
  void aRequestThatMakesNoSenseIsRefused() throws Exception {
    try (ServedNode served = streaming()) {
      String many =
          IntStream.rangeClosed(0, 100_000)
              .mapToObj(i -> "\"" + i + "\"")
              .collect(Collectors.joining(","));
      for (String body :
          new String[] {
            "",
            "null",
            "[]",
            "{",
            "{\"positions\":{}}",
            "{\"node\":\"a\\nb\",\"positions\":{}}",
            "{\"node\":\"a\",\"positions\":{\"a\":\"1\"}}",
            "{\"node\":\"a\",\"positions\":{},\"only\":[\"../a\"]}",
            "{\"node\":\"a\",\"positions\":{},\"only\":[" + many + "]}",
            "[".repeat(100_000),
          }) {
        HttpResponse<String> answer = stream(served, BodyPublishers.ofString(body));
        String what = body.substring(0, Math.min(60, body.length())) + ": " + answer.body();
        assertThat(answer.statusCode()).as(what).isEqualTo(400);
        assertThat(json(answer).get("error").asText())
            .startsWith("not the request of a follower: ");
      }
    }
  }

  @Test
  void headersThatAreTooLargeAreRefused() throws Exception {
    try (ServedNode served = new ServedNode(directory)) {
      String name = "é".repeat(2_000);
      assertThat(served.get("/v1/status?database=" + encode(name)).statusCode()).isEqualTo(404);
      assertThat(served.get("/v1/status?database=" + "a".repeat(20_000)).statusCode())
          .isIn(414, 431);
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), served.server.address().port())) {
        String header = "X: " + String.join("", Collections.nCopies(20_000, "a"));
        socket
            .getOutputStream()
            .write(("GET /healthz HTTP/1.1\r\nHost: a\r\n" + header + "\r\n\r\n").getBytes(UTF_8));
        InputStream in = socket.getInputStream();
        assertThat(new String(in.readNBytes(12), US_ASCII)).isEqualTo("HTTP/1.1 431");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        "../a.db",
        "a/../../b.db",
        "/etc/passwd",
        "a//b.db",
        "a/",
        "./a.db",
        "a/./b",
        ".sluice/x",
        ".sluice",
        "a\0b"
      })
  void namesThatLeadElsewhereAreRefusedEverywhere(String name) throws Exception {
    String query = "?database=" + encode(name);
    String position = "&position=0000000000000001/0000000000000001";
    try (ServedNode served = new ServedNode(directory)) {
      for (String request :
          new String[] {
            "GET /v1/status" + query,
            "GET /v1/position" + query,
            "GET /v1/wait" + query + position,
            "POST /v1/sync" + query,
            "POST /v1/snapshot" + query,
          }) {
        String[] words = request.split(" ", 2);
        HttpResponse<String> answer = served.request(words[0], words[1]);
        assertThat(answer.statusCode()).as(request).isEqualTo(400);
        assertThat(json(answer).get("error").asText()).startsWith("database: ");
      }
      assertThat(served.node.captured).isNull();
    }
  }
}
