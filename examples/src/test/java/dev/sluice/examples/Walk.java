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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Walks through a page: runs its blocks as they stand, one after another, in one directory, with
 * {@code sluice} in the path. Only the ports are others: they may be taken.
 */
final class Walk implements AutoCloseable {
  private static final int LIMIT_SECONDS = 180;
  private static final int REPEAT_SECONDS = 60;
  private static final String OLD = "three-days-old";
  private static final Pattern ADDRESS = Pattern.compile("(127\\.0\\.0\\.1:|--port )(44\\d\\d)");

  private final Path directory;
  private final List<Served> served = new ArrayList<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final Set<String> withoutPackages = new HashSet<>();

  private Walk(Path directory) {
    this.directory = directory;
  }

  /** Begins one in an empty directory. */
  static Walk in(Path directory) throws IOException {
    Walk walk = new Walk(directory);
    walk.writeExecutable();
    return walk;
  }

  /** Runs a block, or writes the file that it shows. */
  void show(ShownBlock block) throws IOException, InterruptedException {
    if (block.isAfterStop()) {
      stopServed();
    }
    if (block.isFile()) {
      Files.writeString(directory.resolve(block.after("file")), withPorts(block.text()));
    } else if (lacks(block.program())) {
      System.out.println("not run, because there is no " + block.program() + ": " + block.text());
    } else if (block.how().contains("until it says: ")) {
      served.add(
          Served.start(directory, environment(), block.after("until it says"), shell(block)));
    } else {
      Ended ended = run(block);
      if (block.isForPackages() && ended.status() != 0) {
        withoutPackages.add(block.program());
        System.out.println("skipped, as packages can't be had: " + ended.output());
        return;
      }
      assertThat(holds(block, ended))
          .as("%s\nexit status %s\n%s", block, ended.status(), ended.output())
          .isTrue();
    }
  }

  private boolean lacks(String program) {
    return withoutPackages.contains(program)
        || (!program.isEmpty() && !Programs.isInstalled(program));
  }

  /** Makes the directory look like the top of the repository, for what is run from there. */
  void becomeRepository() throws IOException, InterruptedException {
    Path top = Path.of("..").toRealPath();
    Files.createSymbolicLink(directory.resolve("cli"), top.resolve("cli"));
    String examples = top.resolve("examples").toString();
    Ended copied =
        Programs.run(directory, Map.of(), LIMIT_SECONDS, List.of("cp", "-r", examples, "."));
    assertThat(copied.status()).as(copied.output()).isZero();
  }

  @Override
  public void close() throws IOException {
    stopServed();
    try {
      Programs.unmountAll(directory);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** As Ctrl-C in all terminals does. */
  private void stopServed() throws IOException {
    for (int i = served.size() - 1; i >= 0; i--) {
      served.get(i).close();
    }
    served.clear();
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

  /** A port that was free. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private String withPorts(String text) throws IOException {
    Matcher address = ADDRESS.matcher(text);
    StringBuilder result = new StringBuilder();
    while (address.find()) {
      Integer port = ports.get(address.group(2));
      if (port == null) {
        port = freePort();
        ports.put(address.group(2), port);
      }
      address.appendReplacement(result, address.group(1) + port);
    }
    return address.appendTail(result).toString();
  }

  private Ended run(ShownBlock block) throws IOException, InterruptedException {
    if (block.isOfOldBackup()) {
      copyOld(directory.resolve("backups"), directory.resolve(OLD));
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(REPEAT_SECONDS);
    Ended ended;
    do {
      ended = Programs.run(directory, environment(), LIMIT_SECONDS, shell(block));
    } while (block.isRepeated() && !holds(block, ended) && System.nanoTime() < deadline);
    return ended;
  }

  /** Whether a block did what the page says. */
  private static boolean holds(ShownBlock block, Ended ended) {
    int at = 0;
    for (String text : block.printed()) {
      int found = ended.output().indexOf(text, at);
      if (found < 0) {
        return false;
      }
      at = found + text.length();
    }
    return (ended.status() != 0) == block.isFailing();
  }

  private List<String> shell(ShownBlock block) throws IOException {
    String text = withPorts(block.text());
    if (block.isOfOldBackup()) {
      text = text.replace("/backups/", "/" + OLD + "/");
    }
    return List.of("bash", "-eu", "-o", "pipefail", "-c", text);
  }

  private Map<String, String> environment() {
    String path = directory + ":" + Programs.path();
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
