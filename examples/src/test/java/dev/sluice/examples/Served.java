package dev.sluice.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that runs until it is ended, once it has said that it serves. */
final class Served implements AutoCloseable {
  private static final long START_SECONDS = 120;

  private final Process process;
  private final Path output;

  private Served(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Starts a program and waits until it has written {@code ready}. */
  static Served start(
      Path directory, Map<String, String> environment, String ready, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("served", ".out");
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    Served served = new Served(process, output);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!served.output().contains(ready)) {
      if (process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
        String wrote = served.output();
        served.close();
        throw new AssertionError(command + " never wrote '" + ready + "', but:\n" + wrote);
      }
    }
    return served;
  }

  String output() throws IOException {
    return Programs.text(output);
  }

  @Override
  public void close() throws IOException {
    Programs.end(process);
    Files.deleteIfExists(output);
  }
}
