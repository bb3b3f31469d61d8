package dev.sluice.cli.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.cli.Run;
import dev.sluice.cli.system.Network.Place;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A node of a cluster in a network of its own, which may be stopped or killed at any time: nothing
 * here touches its mount, and nothing waits for it without a limit.
 */
final class NetworkedNode {
  private static final int PORT = 4480;
  private static final Duration ANSWER = Duration.ofSeconds(1);
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(ANSWER).build();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Sandbox sandbox;
  private final Place place;
  private final Path directory;
  private final List<String> flags;
  private @Nullable Subprocess process;

  /**
   * @param directory for its data and its mount
   * @param flags of {@code sluice mount}, beside those that say where it is
   */
  NetworkedNode(Sandbox sandbox, Place place, Path directory, List<String> flags) {
    this.sandbox = sandbox;
    this.place = place;
    this.directory = directory;
    this.flags = flags;
  }

  int number() {
    return place.number();
  }

  Place place() {
    return place;
  }

  String url() {
    return "http://" + place.address() + ":" + PORT;
  }

  Path mount() {
    return directory.resolve("node" + number());
  }

  Path aside() {
    return directory.resolve("data" + number() + "/.sluice/aside");
  }

  void start() throws IOException {
    List<Object> args =
        new ArrayList<>(List.of("mount", "--data", directory.resolve("data" + number())));
    args.addAll(List.of("--fuse-binding", Sandbox.BINDING, "--insecure"));
    args.addAll(List.of("--listen", place.address() + ":" + PORT));
    args.addAll(flags);
    args.add(mount());
    process = in("sluice", SluiceProcess.command(args.toArray()));
  }

  /** Starts a program in its place; what it says on standard error is a file of the round. */
  Subprocess in(String name, List<String> command) throws IOException {
    List<String> there = new ArrayList<>(place.prefix());
    there.addAll(command);
    return sandbox.keep(new Subprocess(name + number(), directory, there));
  }

  boolean runs() {
    return process != null && process.process().isAlive();
  }

  void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    if (process != null && runs()) {
      Run.process("kill", "-" + signal, process.process().pid());
    }
  }

  void kill() throws IOException, InterruptedException {
    if (process != null) {
      process.kill();
    }
  }

  /** Starts again what was killed. */
  void restart() throws IOException, InterruptedException {
    unmount();
    start();
  }

  void unmount() throws IOException, InterruptedException {
    Run.process("timeout", "-s", "KILL", "20", "fusermount", "-uz", mount());
  }

  /** What it says of itself; empty when it doesn't at once. */
  Optional<JsonNode> status() {
    try {
      HttpResponse<String> answer =
          CLIENT.send(
              HttpRequest.newBuilder(URI.create(url() + "/v1/status")).timeout(ANSWER).build(),
              HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() == 200
          ? Optional.of(JSON.readTree(answer.body()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** The epoch in which it leads; 0 when it is not known to. */
  long leads() {
    return status()
        .filter(status -> status.path("role").asText().equals("primary"))
        .map(status -> status.path("epoch").asLong())
        .orElse(0L);
  }

  /** Has it hand over to another; completes with whether it has. */
  CompletableFuture<Boolean> handOff(NetworkedNode successor, Duration limit) {
    return change(
        "/v1/handoff?node=%s&timeout=%dms"
            .formatted(
                URLEncoder.encode(successor.url(), StandardCharsets.UTF_8), limit.toMillis()),
        limit);
  }

  /** Has it become the primary; completes with whether it was handed the lease. */
  CompletableFuture<Boolean> promote(Duration limit) {
    return change("/v1/promote?timeout=%dms".formatted(limit.toMillis()), limit);
  }

  private CompletableFuture<Boolean> change(String path, Duration limit) {
    return CLIENT
        .sendAsync(
            HttpRequest.newBuilder(URI.create(url() + path))
                .timeout(limit.multipliedBy(4))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.discarding())
        .handle((answer, failure) -> failure == null && answer.statusCode() == 200);
  }

  @Override
  public String toString() {
    return "node " + number();
  }
}
