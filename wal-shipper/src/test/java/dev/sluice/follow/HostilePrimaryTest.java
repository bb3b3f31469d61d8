package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.sluice.access.Access;
import dev.sluice.follow.Frame.Kind;
import dev.sluice.log.Databases;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a primary may not do to a follower. */
@Timeout(60)
final class HostilePrimaryTest {
  private final Path directory;

  HostilePrimaryTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static byte[] frame(int kind, String name, long payloadBytes) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
    out.writeByte(kind);
    out.writeShort(encoded.length);
    out.write(encoded);
    out.writeLong(1);
    out.writeLong(2);
    out.writeLong(payloadBytes);
    return bytes.toByteArray();
  }

  private static Frame read(byte[] bytes) throws IOException {
    return Frame.readFrom(new DataInputStream(new ByteArrayInputStream(bytes)));
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    for (Kind kind : Kind.values()) {
      boolean loaded = kind == Kind.LTX || kind == Kind.SNAPSHOT || kind == Kind.MEMBERS;
      boolean named = kind != Kind.HEARTBEAT && kind != Kind.CAUGHT_UP && kind != Kind.MEMBERS;
      Frame frame = new Frame(kind, named ? "shop/ä.db" : "", 7, 8, loaded ? 9 : 0);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      frame.writeTo(new DataOutputStream(bytes));
      assertThat(read(bytes.toByteArray())).isEqualTo(frame);
    }
  }

  @Test
  void framesOutOfBoundsAreRefused() throws Exception {
    assertThatThrownBy(() -> read(frame(9, "a", 0))).hasMessage("not a frame of a stream: kind 9");
    assertThatThrownBy(() -> read(frame(1, "a".repeat(5_000), 0)))
        .hasMessage("not a frame of a stream: LTX with a name of 5000 bytes");
    assertThatThrownBy(() -> read(frame(1, "a", -1)))
        .hasMessage("not a frame of a stream: LTX with a payload of -1 bytes");
    assertThatThrownBy(() -> read(frame(2, "a", (1L << 40) + 1)))
        .hasMessageContaining("SNAPSHOT with a payload of");
    assertThatThrownBy(() -> read(frame(3, "", 1)))
        .hasMessage("not a frame of a stream: HEARTBEAT with a payload of 1 bytes");
  }

  /** Follows a primary that sends {@code bytes} and ends, until it is asked a second time. */
  private void follow(byte[] bytes, @Nullable List<String> only) throws Exception {
    CountDownLatch asked = new CountDownLatch(2);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          asked.countDown();
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    Path data = Files.createDirectories(directory.resolve("data"));
    try (Databases databases = Databases.open(data.resolve(".sluice/db"));
        Follower follower =
            new Follower(
                new Follower.Options(
                    URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
                    Access.none(),
                    "test",
                    null,
                    0,
                    only,
                    data.resolve(".sluice/tmp"),
                    null),
                databases,
                data::resolve)) {
      follower.start();
      asked.await();
      assertThat(databases.all()).isEmpty();
    } finally {
      server.stop(0);
    }
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(Files::isRegularFile).map(Path::toString))
          .noneMatch(file -> file.endsWith(".db"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../evil.db", "/evil.db", "a/../../evil.db", "a//evil.db", ".sluice/evil.db", ""})
  void namesThatLeadElsewhereAreRefused(String name) throws Exception {
    follow(frame(4, name, 0), null);
    follow(frame(1, name, 100), null);
  }

  @Test
  void aDatabaseThatWasNotAskedForIsRefused() throws Exception {
    follow(frame(4, "other.db", 0), List.of("app.db"));
    follow(frame(2, "other.db", 100), List.of("app.db"));
  }
}
