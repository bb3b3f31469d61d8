package dev.sluice.cli.system;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A temporary directory for one test (in a static field: for all tests of a class), and the
 * processes and mounts in it. All of them are gone afterwards; when a test fails, what the
 * processes said is shown first.
 */
final class Sandbox
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  /** {@code SLUICE_FUSE_BINDING=jnr-fuse} runs the tests with the other one. */
  static final String BINDING =
      Objects.requireNonNullElse(System.getenv("SLUICE_FUSE_BINDING"), "device");

  private boolean shared;
  private Path directory = Path.of("");
  private final List<Subprocess> processes = Collections.synchronizedList(new ArrayList<>());

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    shared = true;
    open();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    if (!shared) {
      open();
    }
  }

  private void open() throws IOException {
    assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "there is no /dev/fuse to mount with");
    assumeTrue(Run.find("fusermount").isPresent(), "there is no fusermount");
    assumeTrue(Run.find("python3").isPresent(), "there is no python3");
    directory = Files.createTempDirectory("sluice-system").toRealPath();
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    if (context.getExecutionException().isPresent()) {
      processes.forEach(System.err::println);
    }
    if (!shared) {
      close();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    close();
  }

  private void close() throws Exception {
    processes.forEach(Subprocess::close);
    unmountAll();
    for (Subprocess process : processes) {
      process.kill();
    }
    unmountAll();
    if (mounts().isEmpty()) {
      delete(directory);
    }
  }

  private List<String> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts"), StandardCharsets.UTF_8).stream()
        .map(line -> line.split(" ", -1)[1].replace("\\040", " "))
        .filter(mount -> mount.startsWith(directory + "/"))
        .sorted(Comparator.reverseOrder())
        .toList();
  }

  private void unmountAll() throws Exception {
    for (String mount : mounts()) {
      // By force first: that ends what waits for an answer that will not come.
      new ProcessBuilder("umount", "-f", mount).start().waitFor(20, TimeUnit.SECONDS);
      new ProcessBuilder("fusermount", "-uz", mount).start().waitFor(20, TimeUnit.SECONDS);
      if (mounts().contains(mount)) {
        new ProcessBuilder("umount", "-l", mount).start().waitFor(20, TimeUnit.SECONDS);
      }
    }
  }

  /** Takes away a mount whose process is dead. */
  void unmount(String name) throws IOException, InterruptedException {
    run("fusermount", "-uz", path(name));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  Path directory() {
    return directory;
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  /** The URL of the store that {@link #primary} ships to. */
  String store() {
    return "file://" + path("store");
  }

  <P extends Subprocess> P keep(P process) {
    processes.add(process);
    return process;
  }

  /** A process that has ended well: its output is of no interest any more. */
  void forget(Subprocess process) {
    processes.remove(process);
  }

  /** Starts Sluice; does not wait for anything. */
  SluiceProcess sluice(String name, Object... args) throws IOException {
    return keep(new SluiceProcess(name, directory, args));
  }

  /** A primary on {@code mnt} that ships every 100 ms; serves when this returns. */
  SluiceProcess primary() throws IOException, InterruptedException {
    return primary("127.0.0.1:0");
  }

  SluiceProcess primary(String listen) throws IOException, InterruptedException {
    return primary(listen, path("data"));
  }

  SluiceProcess primary(String listen, Path data) throws IOException, InterruptedException {
    return sluice(
            "primary",
            "mount",
            "--data",
            data,
            "--fuse-binding",
            BINDING,
            "--store",
            store(),
            "--sync-interval",
            "100ms",
            "--listen",
            listen,
            path("mnt"))
        .serving();
  }

  /** Sluice beside the application of a database, without a mount; ships every 100 ms. */
  SluiceProcess replicate(Path database, int port) throws IOException, InterruptedException {
    return replicate(
        database,
        store() + "/" + database.getFileName(),
        "--sync-interval",
        "100ms",
        "--listen",
        "127.0.0.1:" + port);
  }

  /** The same, with the URL of a store and flags. */
  SluiceProcess replicate(Path database, String store, Object... flags)
      throws IOException, InterruptedException {
    Object[] args =
        Stream.concat(Stream.of("replicate", database, store), Stream.of(flags)).toArray();
    SluiceProcess process = sluice("replicate", args);
    process.await(line -> line.startsWith("replicating "));
    return process;
  }

  /** A follower on {@code mnt2}; serves when this returns. */
  SluiceProcess follower(String primary) throws IOException, InterruptedException {
    return sluice(
            "follower",
            "mount",
            "--data",
            path("data2"),
            "--fuse-binding",
            BINDING,
            "--follow",
            primary,
            "--listen",
            "127.0.0.1:0",
            path("mnt2"))
        .serving();
  }

  /** A port that nobody listens on. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Runs a Python program of these tests. */
  Subprocess python(String script, Object... args) throws IOException {
    List<String> command = new ArrayList<>(List.of("python3", "-u", resource(script).toString()));
    Stream.of(args).map(String::valueOf).forEach(command::add);
    return keep(new Subprocess(script.replace(".py", ""), directory, command));
  }

  /** A file of these tests, as a file here. */
  Path resource(String name) throws IOException {
    Path file = path(name);
    if (!Files.exists(file)) {
      try (InputStream in = Sandbox.class.getResourceAsStream(name)) {
        Files.copy(Objects.requireNonNull(in, name), file);
      }
    }
    return file;
  }

  /** Runs a program to its end, which has to be a good one; gives its standard output. */
  String run(Object... command) throws IOException, InterruptedException {
    List<String> words = Stream.of(command).map(String::valueOf).toList();
    Subprocess process = keep(new Subprocess("run", directory, words));
    int status = process.status();
    if (status != 0) {
      throw new AssertionError(words + " ended with status " + status + ": " + process);
    }
    processes.remove(process);
    return String.join("\n", process.lines());
  }

  /** Runs a command line of {@code sluice} as a shell does when somebody pastes it. */
  String paste(String command) throws IOException, InterruptedException {
    Path bin = Files.createDirectories(path("bin"));
    String words =
        SluiceProcess.command().stream().map(word -> "'" + word + "'").collect(joining(" "));
    Path sluice =
        Files.writeString(bin.resolve("sluice"), "#!/bin/sh\nexec " + words + " \"$@\"\n");
    Files.setPosixFilePermissions(sluice, PosixFilePermissions.fromString("rwx------"));
    return run("sh", "-c", "PATH=" + bin + ":$PATH\n" + command);
  }

  /** Where the primary says that a database is. */
  Position position(String database) {
    try {
      return Position.parse(Files.readString(path("mnt").resolve(database + "-pos")).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the readers of a node see a position. */
  void await(String url, String database, Position position) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Subprocess.LIMIT_SECONDS);
    Run run;
    do {
      run = Run.sluice("wait", "--url", url, "--position", position, "--timeout", "60s", database);
      // 5: the follower has not heard of the database yet; 4: nor that the primary, after a loss of
      // power, is on another history than the follower has.
    } while ((run.status() == 4 || run.status() == 5) && System.nanoTime() < deadline);
    assertThat(run.status()).as(run.err()).isZero();
  }

  /** Waits until the store has a position, and restores exactly that. */
  Path restore(String url, String database, Position position) throws Exception {
    awaitShipped(url, database, position);
    Path restored = Files.createTempFile(directory, "restored", ".db");
    Run run =
        Run.sluice(
            "restore",
            store() + "/" + database,
            "-o",
            restored,
            "--force",
            "--txid",
            Txid.format(position.txid()));
    assertThat(run.status()).as(run.err()).isZero();
    return restored;
  }

  void awaitShipped(String url, String database, Position position) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Subprocess.LIMIT_SECONDS);
    JsonNode status;
    do {
      Run run = Run.sluice("status", "--json", "--url", url);
      assertThat(run.status()).as(run.err()).isZero();
      status = run.json();
      for (JsonNode each : status.path(0).path("status").path("databases")) {
        if (each.path("name").asText().equals(database)
            && each.path("stores").path(0).path("shipped").asText().equals(position.toString())) {
          return;
        }
      }
      Thread.sleep(20);
    } while (System.nanoTime() < deadline);
    throw new AssertionError(database + " " + position + " is not in the store: " + status);
  }
}
