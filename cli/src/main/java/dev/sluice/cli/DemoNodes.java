package dev.sluice.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The nodes of the demonstration: real processes of this program. */
final class DemoNodes implements AutoCloseable {
  private static final long STOP_SECONDS = 20;

  private final Path directory;
  private final Deque<Process> processes = new ArrayDeque<>();

  DemoNodes(Path directory) {
    this.directory = directory;
  }

  /** Starts {@code sluice mount} with arguments and gives the URL it serves. */
  NodeUrl start(String name, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), "mount", "--listen", "127.0.0.1:0"));
    command.addAll(arguments);
    Path log = directory.resolve(name + ".log");
    Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
    processes.push(process);
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = output.readLine();
    int url = line == null ? -1 : line.indexOf("http://");
    if (line == null || url < 0) {
      throw new UserException(
          "the " + name + " did not start: " + Files.readString(log).strip(),
          "check that this user may mount FUSE filesystems");
    }
    return NodeUrl.parse(line.substring(url));
  }

  /** Stops all, the last one first, as SIGTERM does. */
  @Override
  public synchronized void close() {
    boolean interrupted = false;
    for (Process process; (process = processes.poll()) != null; ) {
      process.destroy();
      try {
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
