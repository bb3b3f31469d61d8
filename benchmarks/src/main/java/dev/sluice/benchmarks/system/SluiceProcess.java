package dev.sluice.benchmarks.system;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A mount by {@code ./sluice mount}, in a process of its own. Safe for use by many threads: a
 * watchdog kills it to free one that is stuck in the mount.
 */
final class SluiceProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
  private static final int MILLIS_A_TICK = 10;
  private static final Pattern REQUESTS =
      Pattern.compile(
          "sluice_fuse_(requests|request_seconds)_total\\{operation=\"(\\w+)\",\\} (.+)");
  private static final String ALLOCATED = "sluice_fuse_allocated_bytes_total ";

  private final Process process;
  private final Path mountPoint;
  private final URI url;
  private final HttpClient http = HttpClient.newHttpClient();

  private SluiceProcess(Process process, Path mountPoint, URI url) {
    this.process = process;
    this.mountPoint = mountPoint;
    this.url = url;
  }

  /**
   * Starts it. {@link #awaitReady} returns when it serves.
   *
   * @param directory where its files go; the mount is {@code mnt} in it
   * @param more flags besides those for directories and address
   */
  static SluiceProcess start(Path sluice, Path directory, List<String> more) throws IOException {
    Path mountPoint = Files.createDirectories(directory.resolve("mnt"));
    int port = freePort();
    List<String> command = new ArrayList<>();
    command.add(sluice.toString());
    command.addAll(List.of("mount", "--data", directory.resolve("data").toString()));
    command.addAll(List.of("--listen", "127.0.0.1:" + port));
    command.addAll(more);
    command.add(mountPoint.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("sluice.out").toFile())
            .start();
    return new SluiceProcess(process, mountPoint, URI.create("http://127.0.0.1:" + port));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  void awaitReady() throws IOException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!isReady()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        Path output = mountPoint.resolveSibling("sluice.out");
        throw new IOException("Sluice does not serve; it said: " + Files.readString(output));
      }
      LockSupport.parkNanos(50_000_000);
    }
  }

  private boolean isReady() throws IOException {
    try {
      return get("/readyz").statusCode() == 200;
    } catch (java.net.ConnectException e) {
      return false;
    }
  }

  private HttpResponse<String> get(String path) throws IOException {
    try {
      return http.send(
          HttpRequest.newBuilder(url.resolve(path)).timeout(Duration.ofSeconds(10)).build(),
          BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  Path mountPoint() {
    return mountPoint;
  }

  URI url() {
    return url;
  }

  long pid() {
    return process.pid();
  }

  Usage usage() throws IOException {
    Map<String, Usage.Requests> requests = new HashMap<>();
    String metrics = get("/metrics").body();
    metrics
        .lines()
        .map(REQUESTS::matcher)
        .filter(Matcher::matches)
        .forEach(
            m -> {
              double value = Double.parseDouble(m.group(3));
              requests.merge(
                  m.group(2),
                  m.group(1).equals("requests")
                      ? new Usage.Requests(value, 0)
                      : new Usage.Requests(0, value),
                  Usage.Requests::plus);
            });
    double allocated =
        metrics
            .lines()
            .filter(line -> line.startsWith(ALLOCATED))
            .mapToDouble(line -> Double.parseDouble(line.substring(ALLOCATED.length())))
            .sum();
    long[] ticks = ticks(Path.of("/proc/" + pid() + "/stat"));
    return new Usage(requests, allocated, (ticks[0] + ticks[1]) * MILLIS_A_TICK);
  }

  /** Processor time in the application and in the kernel, of a process or a thread. */
  static long[] ticks(Path stat) throws IOException {
    String line = Files.readString(stat);
    // The name before may hold anything, but ends with the last parenthesis.
    String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
    return new long[] {Long.parseLong(fields[11]), Long.parseLong(fields[12])};
  }

  /** A line of /proc/PID/status in KiB, such as VmRSS or VmHWM. */
  long memoryKib(String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
      if (line.startsWith(key + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no " + key + " in /proc/" + pid() + "/status");
  }

  /** Ends it at once, whoever waits for the mount then gets an error. */
  void kill() {
    process.destroyForcibly();
    unmount();
  }

  private void unmount() {
    try {
      new ProcessBuilder("fusermount", "-u", "-z", mountPoint.toString())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor(10, TimeUnit.SECONDS);
    } catch (IOException e) {
      System.err.println("cannot run fusermount to unmount " + mountPoint + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops it as Ctrl-C does; kills it when that takes too long. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        System.err.println("Sluice did not stop within " + STOP_LIMIT.toSeconds() + " s: killed");
      } else if (process.exitValue() != 0 && process.exitValue() != 143) {
        System.err.println("Sluice ended with status " + process.exitValue());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (process.isAlive() || isMounted()) {
      kill();
    }
  }

  boolean isMounted() {
    try {
      String mounted = " " + mountPoint + " ";
      return Files.readAllLines(Path.of("/proc/mounts")).stream()
          .anyMatch(m -> m.contains(mounted));
    } catch (IOException e) {
      return true;
    }
  }
}
