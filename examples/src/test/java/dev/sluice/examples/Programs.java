package dev.sluice.examples;

import dev.sluice.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Programs in processes of their own, each with a time limit. */
final class Programs {
  private static final long STOP_SECONDS = 30;

  private Programs() {}

  /** What a program wrote, to both of its outputs, and how it ended. */
  record Ended(int status, String output) {}

  /** The command line of a Java program with the class path of this one. */
  static List<String> java(Class<?> main, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    Stream.of(arguments).map(String::valueOf).forEach(command::add);
    return command;
  }

  /** The command line of {@code sluice}. */
  static List<String> sluice(Object... arguments) {
    return java(Main.class, arguments);
  }

  /** Runs a program to its end; ends it, and those it started, when it takes too long. */
  static Ended run(
      Path directory, Map<String, String> environment, int limitSeconds, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("program", ".out");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
      builder.environment().putAll(environment);
      Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
      process.getOutputStream().close();
      try {
        if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
          throw new AssertionError(
              command + " did not end within " + limitSeconds + " s; it wrote:\n" + text(output));
        }
      } finally {
        end(process);
      }
      return new Ended(process.exitValue(), text(output));
    } finally {
      Files.delete(output);
    }
  }

  static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** Asks a process, and those it started, to stop, and ends those that don't. */
  static void end(Process process) {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    all.forEach(ProcessHandle::destroy);
    CompletableFuture<?>[] exits =
        all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
    CompletableFuture.allOf(exits).completeOnTimeout(null, STOP_SECONDS, TimeUnit.SECONDS).join();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /** Takes away what is still mounted below a directory. */
  static void unmountAll(Path directory) throws IOException, InterruptedException {
    List<String> mounts =
        Files.readAllLines(Path.of("/proc/mounts"), StandardCharsets.UTF_8).stream()
            .map(line -> line.split(" ", -1)[1].replace("\\040", " "))
            .filter(mount -> Path.of(mount).startsWith(directory.toAbsolutePath()))
            .toList();
    for (String mount : mounts) {
      run(Path.of("/"), Map.of(), 30, List.of("fusermount", "-uz", mount));
    }
  }

  /** Skips the test when something it needs is not on this machine. */
  static void assumeMountable(String... programs) {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/fuse")), "skipped: there is no /dev/fuse to mount with");
    assumeInstalled("fusermount");
    for (String program : programs) {
      assumeInstalled(program);
    }
  }

  /** Skips the test when a program is not on this machine. */
  static void assumeInstalled(String program) {
    Assumptions.assumeTrue(isInstalled(program), "skipped: " + program + " is not installed");
  }

  static boolean isInstalled(String program) {
    return Stream.of(path().split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  /** Where programs are looked for, with the place where {@code go install} puts them. */
  static String path() {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    return path + ":" + Path.of(System.getProperty("user.home"), "go", "bin");
  }
}
