package dev.sluice.cli.system;

import dev.sluice.store.s3.Versitygw;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A process of a test, with the credentials of {@link Versitygw}. Its standard output is kept line
 * by line, its standard error in a file; both are shown when a test fails. Everything waited for
 * has a time limit.
 */
class Subprocess implements AutoCloseable {
  /** A process that has not answered in this time never will. */
  static final long LIMIT_SECONDS = 120;

  private final String name;
  private final Process process;
  private final Path err;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}. */
  private final List<String> lines = new ArrayList<>();

  /** Guarded by {@link #lock}. */
  private boolean ended;

  private int taken;

  Subprocess(String name, Path directory, List<String> command) throws IOException {
    this.name = name;
    this.err = Files.createTempFile(directory, name, ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectError(err.toFile());
    Map<String, String> environment = builder.environment();
    environment.put("AWS_ACCESS_KEY_ID", Versitygw.ACCESS_KEY);
    environment.put("AWS_SECRET_ACCESS_KEY", Versitygw.SECRET_KEY);
    // Litestream refuses S3 with it.
    environment.remove("AWS_CA_BUNDLE");
    this.process = builder.start();
    Thread reader = new Thread(this::read, "output of " + name);
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        add(line);
      }
    } catch (IOException e) {
      add("(output ended: " + e.getMessage() + ")");
    }
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void add(String line) {
    lock.lock();
    try {
      lines.add(line);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  String name() {
    return name;
  }

  Process process() {
    return process;
  }

  List<String> lines() {
    lock.lock();
    try {
      return List.copyOf(lines);
    } finally {
      lock.unlock();
    }
  }

  String err() throws IOException {
    return Files.readString(err, StandardCharsets.UTF_8);
  }

  /** The first line that {@code wanted} accepts, once it is there. */
  String await(Predicate<String> wanted) throws InterruptedException {
    String line = take(0, wanted);
    if (line == null) {
      throw new AssertionError(name + " ended, or said nothing of what was waited for: " + this);
    }
    return line;
  }

  /** The next line that was not returned yet. */
  String nextLine() throws InterruptedException {
    String line = take(taken, l -> true);
    if (line == null) {
      throw new AssertionError(name + " ended or hangs: " + this);
    }
    taken++;
    return line;
  }

  private @Nullable String take(int from, Predicate<String> wanted) throws InterruptedException {
    long left = TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    lock.lock();
    try {
      for (int i = from; ; i++) {
        while (i >= lines.size()) {
          if (ended || left <= 0) {
            return null;
          }
          left = changed.awaitNanos(left);
        }
        if (wanted.test(lines.get(i))) {
          return lines.get(i);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  void send(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  /** Waits for its end and gives its exit status. */
  int status() throws InterruptedException {
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(name + " did not end: " + this);
    }
    // What it said last is read, too.
    take(0, line -> false);
    return process.exitValue();
  }

  /** SIGTERM. Through the handle, because {@link Process#destroy} closes its output, too. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** SIGKILL, and waits until it is gone. */
  void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " was killed and does not end: " + this);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  @Override
  public String toString() {
    String errors;
    try {
      errors = err();
    } catch (IOException e) {
      errors = e.toString();
    }
    List<String> out = lines();
    int from = Math.max(0, out.size() - 40);
    return "--- "
        + name
        + (process.isAlive() ? " (runs)" : " (ended, status " + process.exitValue() + ")")
        + "\n"
        + String.join("\n", out.subList(from, out.size()))
        + "\n--- its standard error\n"
        + errors;
  }
}
