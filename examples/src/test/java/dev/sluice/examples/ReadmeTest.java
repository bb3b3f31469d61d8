package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.examples.Programs.Ended;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs every command that README.md shows, as it stands there and in that order, in one temporary
 * directory. Only the ports are others: they may be taken.
 */
class ReadmeTest {
  private static final int LIMIT_SECONDS = 180;
  private static final int REPEAT_SECONDS = 60;
  private static final String OLD = "three-days-old";

  private final Path directory;

  private final List<Served> served = new ArrayList<>();
  private final Map<String, String> ports = new HashMap<>();
  private boolean failed;

  ReadmeTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @TestFactory
  Stream<DynamicTest> commands() throws IOException {
    Programs.assumeMountable("bash", "sqlite3", "curl");
    writeExecutable();
    String readme = Programs.text(Path.of("..", "README.md"));
    for (String port : List.of("4480", "4481", "4482", "4483")) {
      ports.put("127.0.0.1:" + port, "127.0.0.1:" + freePort());
    }
    List<ShownBlock> blocks = ShownBlock.of(readme);
    assertThat(blocks).hasSizeGreaterThan(10);
    assertThat(blocks).allMatch(block -> block.isFile() || block.language().equals("sh"));
    return blocks.stream()
        .filter(block -> block.isFile() || block.isRun())
        .map(block -> DynamicTest.dynamicTest("line " + block.line(), () -> show(block)));
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    for (int i = served.size() - 1; i >= 0; i--) {
      served.get(i).close();
    }
    Programs.unmountAll(directory);
  }

  /** {@code ./sluice} without its build: Maven, which runs this test, has the repository. */
  private void writeExecutable() throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\nexec");
    for (String word : Programs.sluice()) {
      script.append(" '").append(word.replace("'", "'\\''")).append('\'');
    }
    Path executable = directory.resolve("sluice");
    Files.writeString(executable, script.append(" \"$@\"\n").toString());
    Files.setPosixFilePermissions(executable, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private String withPorts(String text) {
    String result = text;
    for (Map.Entry<String, String> port : ports.entrySet()) {
      result = result.replace(port.getKey(), port.getValue());
    }
    return result;
  }

  private void show(ShownBlock block) throws IOException, InterruptedException {
    Assumptions.assumeFalse(failed, "skipped: a block above has failed");
    failed = true;
    if (block.isFile()) {
      Files.writeString(directory.resolve(block.after("file")), withPorts(block.text()));
    } else if (!block.after("until it says").isEmpty()) {
      served.add(
          Served.start(directory, environment(), block.after("until it says"), shell(block)));
    } else {
      Ended ended = run(block);
      assertThat(ended.status()).as("%s\n%s", block, ended.output()).isZero();
      assertThat(ended.output()).as("%s", block).contains(block.after("prints"));
    }
    failed = false;
  }

  private Ended run(ShownBlock block) throws IOException, InterruptedException {
    if (block.isOfOldBackup()) {
      copyOld(directory.resolve("backups"), directory.resolve(OLD));
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(REPEAT_SECONDS);
    Ended ended;
    do {
      ended = Programs.run(directory, environment(), LIMIT_SECONDS, shell(block));
    } while (ended.status() != 0 && block.isRepeated() && System.nanoTime() < deadline);
    return ended;
  }

  private List<String> shell(ShownBlock block) {
    String text = withPorts(block.text());
    if (block.isOfOldBackup()) {
      text = text.replace("/backups/", "/" + OLD + "/");
    }
    return List.of("bash", "-eu", "-o", "pipefail", "-c", text);
  }

  private Map<String, String> environment() {
    String path = directory + ":" + System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    return Map.of("PATH", path, "PWD", directory.toString(), "TMPDIR", directory.toString());
  }

  /** Without the metadata beside the files, the time of a file is the file's own. */
  private static void copyOld(Path from, Path to) throws IOException {
    FileTime then = FileTime.from(Instant.now().minus(Duration.ofDays(3)));
    try (Stream<Path> files = Files.walk(from)) {
      files
          .filter(file -> file.toString().endsWith(".ltx"))
          .filter(file -> !file.toString().contains("/.sluice-"))
          .forEach(
              file -> {
                Path copy = to.resolve(from.relativize(file).toString());
                try {
                  Files.createDirectories(copy.resolveSibling("."));
                  Files.copy(file, copy);
                  Files.setLastModifiedTime(copy, then);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
