package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code sluice mount --proxy} before real applications, which know nothing of it. */
class ProxyTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** A client with cookies, as a browser has them. */
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .cookieHandler(new CookieManager())
          .build();

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(
        request.timeout(Duration.ofSeconds(Subprocess.LIMIT_SECONDS)).build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> post(int port, String text) throws Exception {
    return send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
            .POST(BodyPublishers.ofString(text)));
  }

  private HttpResponse<String> get(int port, String text) throws Exception {
    return send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/?" + text)));
  }

  private void application(Path database, int port) throws Exception {
    sandbox.python("application.py", database, port).await("serving"::equals);
  }

  private SluiceProcess mount(String name, String mnt, Object... args) throws Exception {
    Object[] common = {
      "mount", "--data", sandbox.path(name), "--fuse-binding", Sandbox.BINDING, sandbox.path(mnt)
    };
    return sandbox
        .sluice(name, Stream.concat(Stream.of(common), Stream.of(args)).toArray())
        .serving();
  }

  /** Writes on one node and reads it there, again and again; every read has what was written. */
  private void readsItsWrites(int port, String what, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      String text = what + i;
      HttpResponse<String> written = post(port, text);
      assertThat(written.statusCode()).as(written.body()).isEqualTo(201);
      assertThat(written.headers().firstValue("Sluice-Position")).isPresent();
      HttpResponse<String> read = get(port, text);
      assertThat(read.statusCode() + " " + read.body()).as("write %s", text).isEqualTo("200 1");
    }
  }

  @Test
  void clientsOfAFollowerReadTheirWrites() throws Exception {
    int primaryPort = Sandbox.freePort();
    int primaryApplication = Sandbox.freePort();
    int port = Sandbox.freePort();
    int application = Sandbox.freePort();
    SluiceProcess primary =
        mount(
            "data",
            "mnt",
            "--listen",
            "127.0.0.1:0",
            "--proxy",
            "127.0.0.1:" + primaryPort + "=127.0.0.1:" + primaryApplication);
    SluiceProcess follower =
        mount(
            "data2",
            "mnt2",
            "--listen",
            "127.0.0.1:0",
            "--follow",
            primary.url(),
            "--proxy",
            "127.0.0.1:" + port + "=127.0.0.1:" + application);
    application(sandbox.path("mnt").resolve("app.db"), primaryApplication);
    application(sandbox.path("mnt2").resolve("app.db"), application);
    readsItsWrites(port, "text", 200);
    String metrics = send(HttpRequest.newBuilder(URI.create(follower.url() + "/metrics"))).body();
    assertThat(metrics)
        .contains("sluice_proxy_requests_total{kind=\"forwarded\",} 200.0\n")
        .contains("sluice_proxy_requests_total{kind=\"read\",} 200.0\n");
    follower.stop();
    primary.stop();
  }

  @Test
  void writesFollowThePrimaryOfACluster() throws Exception {
    int[] ports = {Sandbox.freePort(), Sandbox.freePort()};
    SluiceProcess[] nodes = new SluiceProcess[2];
    for (int i = 0; i < 2; i++) {
      int application = Sandbox.freePort();
      nodes[i] =
          mount(
              "data" + i,
              "mnt" + i,
              "--listen",
              "127.0.0.1:0",
              "--lease",
              "file://" + sandbox.path("lease"),
              "--lease-ttl",
              "2s",
              "--proxy",
              "127.0.0.1:" + ports[i] + "=127.0.0.1:" + application);
      application(sandbox.path("mnt" + i).resolve("app.db"), application);
    }
    awaitWrite(ports[1]);
    readsItsWrites(ports[0], "first", 20);
    readsItsWrites(ports[1], "second", 20);
    for (SluiceProcess node : nodes) {
      Run.sluice("promote", "--url", node.url(), "--timeout", "30s");
      readsItsWrites(ports[0], "third-" + node.name().hashCode(), 20);
      readsItsWrites(ports[1], "fourth-" + node.name().hashCode(), 20);
    }
    for (SluiceProcess node : nodes) {
      node.stop();
    }
  }

  /** Until the cluster has a primary, which takes a moment. */
  private void awaitWrite(int port) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Subprocess.LIMIT_SECONDS);
    while (post(port, "begin").statusCode() != 201 && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }
}
