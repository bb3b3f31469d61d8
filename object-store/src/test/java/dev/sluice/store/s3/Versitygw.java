package dev.sluice.store.s3;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A real S3 server over a directory: the program versitygw, as a process. A bucket is a directory
 * in it. Tests are skipped where the program is missing.
 */
public final class Versitygw implements AutoCloseable {
  /** Credentials that it knows; also set as the Java properties that the SDK looks at. */
  public static final String ACCESS_KEY = "test-access";

  public static final String SECRET_KEY = "test-secret-key";

  private static final Path PROGRAM =
      Path.of(System.getProperty("user.home"), "go", "bin", "versitygw");

  private final Path directory;
  private final Process process;
  private final String host;
  private final int port;

  private Versitygw(Path directory, Process process, String host, int port) {
    this.directory = directory;
    this.process = process;
    this.host = host;
    this.port = port;
  }

  /** Whether the program is there. */
  public static boolean isInstalled() {
    return Files.isExecutable(PROGRAM);
  }

  /** Starts one that keeps its buckets below a directory. */
  public static Versitygw start(Path directory) throws IOException, InterruptedException {
    return start(directory, "127.0.0.1", List.of());
  }

  /** The same on a port that is free now. */
  public static Versitygw start(Path directory, int port) throws IOException, InterruptedException {
    return start(directory, "127.0.0.1", port, List.of());
  }

  /**
   * Starts one elsewhere.
   *
   * @param host the IPv4 address that it listens on, and is reached at from here
   * @param prefix words before its command, such as nsenter and a network namespace
   */
  public static Versitygw start(Path directory, String host, List<String> prefix)
      throws IOException, InterruptedException {
    return start(directory, host, freePort(), prefix);
  }

  private static Versitygw start(Path directory, String host, int wanted, List<String> prefix)
      throws IOException, InterruptedException {
    assumeTrue(isInstalled(), "skipped: no " + PROGRAM + "; .ci/run installs it");
    useCredentials();
    Path buckets = Files.createDirectories(directory.resolve("buckets"));
    int port = wanted;
    for (int attempt = 1; ; attempt++) {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(
          List.of(PROGRAM.toString(), "--port", host + ":" + port, "--quiet", "--keep-alive"));
      command.addAll(List.of("posix", buckets.toString()));
      if (!hasExtendedAttributes(directory)) {
        Path sidecar = Files.createDirectories(directory.resolve("sidecar"));
        command.addAll(List.of("--sidecar", sidecar.toString()));
      }
      Path log = directory.resolve("versitygw.log");
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.redirectOutput(log.toFile());
      builder
          .environment()
          .putAll(Map.of("ROOT_ACCESS_KEY_ID", ACCESS_KEY, "ROOT_SECRET_ACCESS_KEY", SECRET_KEY));
      Process process = builder.start();
      if (isListening(process, host, port)) {
        return new Versitygw(buckets, process, host, port);
      }
      process.destroyForcibly().waitFor();
      if (attempt == 3) {
        throw new IOException("versitygw does not start: " + Files.readString(log));
      }
      port = freePort();
    }
  }

  /** Lets S3 stores of this JVM use the credentials that the servers of tests know. */
  public static void useCredentials() {
    System.setProperty("aws.accessKeyId", ACCESS_KEY);
    System.setProperty("aws.secretAccessKey", SECRET_KEY);
  }

  private static boolean hasExtendedAttributes(Path directory) throws IOException {
    return Files.getFileStore(directory).supportsFileAttributeView("user");
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isListening(Process process, String host, int port)
      throws InterruptedException {
    for (int tries = 0; tries < 200 && process.isAlive(); tries++) {
      try (Socket socket = new Socket(host, port)) {
        return socket.isConnected();
      } catch (IOException e) {
        process.waitFor(50, TimeUnit.MILLISECONDS);
      }
    }
    return false;
  }

  /** Makes a bucket, of a name of at least three letters. */
  public Path createBucket(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  public int port() {
    return port;
  }

  /** {@code http://127.0.0.1:port}, or with another host. */
  public String endpoint() {
    return "http://" + host + ":" + port;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
