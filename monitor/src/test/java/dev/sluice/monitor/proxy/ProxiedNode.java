package dev.sluice.monitor.proxy;

import dev.sluice.monitor.ListenAddress;
import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.NodeServer;
import dev.sluice.node.ProxyAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A node, its application, its proxy, and an HTTP client. */
final class ProxiedNode implements AutoCloseable, PrimaryNode {
  static final ListenAddress FREE = ListenAddress.parse("127.0.0.1:0");

  final FakeNode node;
  final TestApplication application = new TestApplication();
  final ProxyServer proxy;
  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Where the proxy of the primary is. */
  volatile @Nullable ProxyAddress primary;

  private final NodeServer metrics;

  /** What is not by default. */
  record Settings(
      List<String> writePaths,
      List<String> readPaths,
      long waitLimitMillis,
      WriteForwarding forwarding,
      boolean retryReads,
      @Nullable String flyRegion) {
    static final Settings DEFAULT =
        new Settings(List.of(), List.of(), 60_000, WriteForwarding.PROXY, false, null);

    Settings waiting(long millis) {
      return new Settings(writePaths, readPaths, millis, forwarding, retryReads, flyRegion);
    }

    Settings forwarding(WriteForwarding how, @Nullable String region) {
      return new Settings(writePaths, readPaths, waitLimitMillis, how, retryReads, region);
    }
  }

  ProxiedNode(String id, Path directory, Settings settings) throws IOException {
    node = new FakeNode(id, directory.resolve(id));
    Metrics counted = new Metrics();
    proxy =
        ProxyServer.start(
            new ProxyOptions(
                FREE,
                new ListenAddress("127.0.0.1", application.port()),
                settings.writePaths(),
                settings.readPaths(),
                settings.waitLimitMillis(),
                settings.forwarding(),
                settings.retryReads(),
                settings.flyRegion()),
            node,
            this,
            counted);
    metrics = NodeServer.start(FREE, node, null, counted);
  }

  ProxiedNode(String id, Path directory) throws IOException {
    this(id, directory, Settings.DEFAULT);
  }

  ProxyAddress address() {
    return new ProxyAddress(null, proxy.address().port(), null);
  }

  void follows(@Nullable ProxiedNode other) {
    node.role = "follower";
    primary = other == null ? null : other.address();
  }

  @Override
  public @Nullable String url() {
    ProxyAddress now = primary;
    return now == null ? null : "http://127.0.0.1:" + now.port();
  }

  @Override
  public @Nullable ProxyAddress proxyOf(String url) {
    return primary;
  }

  URI uri(String target) {
    return URI.create("http://" + proxy.address() + target);
  }

  CompletableFuture<HttpResponse<String>> async(
      String method, String target, String content, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(target))
            .method(
                method,
                content.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(content));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.sendAsync(request.build(), BodyHandlers.ofString());
  }

  HttpResponse<String> ask(String method, String target, String content, String... headers) {
    return async(method, target, content, headers).join();
  }

  HttpResponse<String> get(String target, String... headers) {
    return ask("GET", target, "", headers);
  }

  HttpResponse<String> post(String target, String content, String... headers) {
    return ask("POST", target, content, headers);
  }

  String metrics() throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(URI.create(metrics.url() + "/metrics")).build(),
            BodyHandlers.ofString())
        .body();
  }

  /** Until as many reads wait. */
  void untilHeld(int count) throws IOException, InterruptedException {
    while (!metrics().contains("\nsluice_proxy_held_open " + count + ".0\n")) {
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    proxy.close();
    metrics.close();
    application.close();
    node.close();
  }
}
