package dev.sluice.lease;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real etcd with one member, as a process. Tests are skipped where the program is missing. */
final class EtcdServer implements AutoCloseable {
  private static final List<Path> PROGRAMS =
      Stream.of("/usr/bin/etcd", "/usr/local/bin/etcd").map(Path::of).toList();

  private final Path directory;
  private final Process process;
  private final int port;

  private EtcdServer(Path directory, Process process, int port) {
    this.directory = directory;
    this.process = process;
    this.port = port;
  }

  /**
   * Starts one that keeps its data below a directory.
   *
   * @param tls whether it speaks TLS, with a certificate that it makes itself
   */
  static EtcdServer start(Path directory, boolean tls) throws IOException, InterruptedException {
    Path program = PROGRAMS.stream().filter(Files::isExecutable).findFirst().orElse(null);
    assumeTrue(program != null, "skipped: no etcd; .ci/run installs Debian's etcd-server");
    for (int attempt = 1; ; attempt++) {
      int port = freePort();
      String scheme = tls ? "https" : "http";
      String clients = scheme + "://127.0.0.1:" + port;
      String peers = "http://127.0.0.1:" + freePort();
      Path data = directory.resolve("etcd" + attempt);
      Path log = directory.resolve("etcd" + attempt + ".log");
      List<String> command = new ArrayList<>(List.of(String.valueOf(program), "--name", "one"));
      command.addAll(List.of("--data-dir", data.toString(), "--unsafe-no-fsync"));
      command.addAll(List.of("--listen-client-urls", clients, "--advertise-client-urls", clients));
      command.addAll(List.of("--listen-peer-urls", peers));
      command.addAll(List.of("--initial-advertise-peer-urls", peers));
      command.addAll(List.of("--initial-cluster", "one=" + peers));
      if (tls) {
        command.add("--auto-tls");
      }
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.redirectOutput(log.toFile());
      Process process = builder.start();
      if (isListening(process, port)) {
        return new EtcdServer(data, process, port);
      }
      process.destroyForcibly().waitFor();
      if (attempt == 3) {
        throw new IOException("etcd does not start: " + Files.readString(log));
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isListening(Process process, int port) throws InterruptedException {
    for (int tries = 0; tries < 400 && process.isAlive(); tries++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return socket.isConnected();
      } catch (IOException e) {
        process.waitFor(50, TimeUnit.MILLISECONDS);
      }
    }
    return false;
  }

  /** {@code 127.0.0.1:port}. */
  String endpoint() {
    return "127.0.0.1:" + port;
  }

  /** What a client has to trust when it speaks TLS. */
  Path certificate() {
    return directory.resolve("fixtures/client/cert.pem");
  }

  /** Stops or continues it. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
