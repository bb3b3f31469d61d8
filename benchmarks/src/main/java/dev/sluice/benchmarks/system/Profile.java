package dev.sluice.benchmarks.system;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Where the time of a commit in WAL mode with synchronous=NORMAL goes: processor time of the
 * threads that serve the mount, in Java and in the kernel, the frames that Flight Recorder found
 * there, and the system calls that strace counts, where it is installed.
 */
final class Profile {
  private static final int TOP = 25;
  private static final String SETTINGS =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <configuration version="2.0">
        <event name="jdk.ExecutionSample"><setting name="enabled">true</setting><setting name="period">1 ms</setting></event>
        <event name="jdk.NativeMethodSample"><setting name="enabled">true</setting><setting name="period">1 ms</setting></event>
        <event name="jdk.ObjectAllocationInNewTLAB"><setting name="enabled">true</setting><setting name="stackTrace">true</setting></event>
      </configuration>
      """;

  private final SluiceProcess sluice;
  private final Path scratch;
  private final PrintStream out;

  Profile(SluiceProcess sluice, Path scratch, PrintStream out) {
    this.sluice = sluice;
    this.scratch = scratch;
    this.out = out;
  }

  void run(long nanos) throws IOException, SQLException, InterruptedException {
    try (Workload commits = new Commits(sluice.mountPoint(), "WAL", "NORMAL")) {
      commits.round(nanos);
      processorTime(commits, nanos);
      frames(commits, nanos);
      systemCalls(commits, nanos);
    }
  }

  private void processorTime(Workload commits, long nanos) throws IOException, SQLException {
    Usage before = sluice.usage();
    long[] ticks = serving();
    Workload.Round round = commits.round(nanos);
    long[] after = serving();
    Usage used = sluice.usage().minus(before);
    double tickMicros = 1e4 / round.operations();
    out.printf(
        Locale.ROOT,
        "%na commit takes %.1f µs; %.2f requests; the threads that serve: %.1f µs in Java, %.1f µs in the"
            + " kernel; the whole process %.1f µs%n",
        round.nanos() / 1e3 / round.operations(),
        used.requests() / round.operations(),
        (after[0] - ticks[0]) * tickMicros,
        (after[1] - ticks[1]) * tickMicros,
        used.cpuMillis() * 1e3 / round.operations());
  }

  /** Ticks of all threads that serve the mount, in the application and in the kernel. */
  private long[] serving() throws IOException {
    long[] sum = new long[2];
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + sluice.pid() + "/task"))) {
      for (Path thread : threads.toList()) {
        if (Files.readString(thread.resolve("comm")).startsWith("fuse-")) {
          long[] ticks = SluiceProcess.ticks(thread.resolve("stat"));
          sum[0] += ticks[0];
          sum[1] += ticks[1];
        }
      }
    }
    return sum;
  }

  private void frames(Workload commits, long nanos)
      throws IOException, SQLException, InterruptedException {
    Path settings = Files.writeString(scratch.resolve("profile.jfc"), SETTINGS);
    Path recording = scratch.resolve("profile.jfr");
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String pid = Long.toString(sluice.pid());
    if (!run(10, jcmd, pid, "JFR.start", "name=profile", "settings=" + settings)) {
      out.println("no frames: jcmd could not start Flight Recorder");
      return;
    }
    commits.round(2 * nanos);
    run(20, jcmd, pid, "JFR.stop", "name=profile", "filename=" + recording);
    Map<String, Integer> java = new HashMap<>();
    Map<String, Integer> inclusive = new HashMap<>();
    Map<String, Integer> calls = new HashMap<>();
    Map<String, Integer> allocations = new HashMap<>();
    try (RecordingFile events = new RecordingFile(recording)) {
      while (events.hasMoreEvents()) {
        count(events.readEvent(), java, inclusive, calls, allocations);
      }
    }
    print("in Java, by the method itself", java);
    print("in Java, with what it calls", inclusive);
    print(
        "in system calls, by the caller (a thread of many is sampled: compare among these)", calls);
    print("allocations, by where a thread needed new memory", allocations);
  }

  private static void count(
      RecordedEvent event,
      Map<String, Integer> java,
      Map<String, Integer> inclusive,
      Map<String, Integer> calls,
      Map<String, Integer> allocations) {
    String type = event.getEventType().getName();
    boolean allocation = type.equals("jdk.ObjectAllocationInNewTLAB");
    String thread =
        allocation
            ? event.getThread() == null ? "" : event.getThread().getJavaName()
            : event.getThread("sampledThread") == null
                ? ""
                : event.getThread("sampledThread").getJavaName();
    if (thread == null || !thread.startsWith("fuse-") || event.getStackTrace() == null) {
      return;
    }
    List<String> frames = new ArrayList<>();
    for (RecordedFrame frame : event.getStackTrace().getFrames()) {
      frames.add(frame.getMethod().getType().getName() + "." + frame.getMethod().getName());
    }
    if (frames.isEmpty()) {
      return;
    }
    if (allocation) {
      String what = event.getClass("objectClass").getName();
      allocations.merge(what + " in " + firstOfSluice(frames), 1, Integer::sum);
    } else if (type.equals("jdk.ExecutionSample")) {
      java.merge(frames.get(0), 1, Integer::sum);
      Set<String> once = new HashSet<>(frames);
      for (String frame : once) {
        inclusive.merge(frame, 1, Integer::sum);
      }
    } else if (type.equals("jdk.NativeMethodSample")) {
      String call = firstOfSluice(frames);
      if (!call.endsWith(".pollReadable")) {
        int at = frames.indexOf(call);
        String caller = at >= 0 && at + 1 < frames.size() ? " < " + frames.get(at + 1) : "";
        calls.merge(call + caller, 1, Integer::sum);
      }
    }
  }

  private static String firstOfSluice(List<String> frames) {
    for (String frame : frames) {
      if (frame.startsWith("dev.sluice.") && !frame.contains("$jnr$")) {
        return frame;
      }
    }
    return frames.get(0);
  }

  private void print(String title, Map<String, Integer> counts) {
    int total =
        title.contains("calls (") || title.contains("what it calls")
            ? counts.values().stream().mapToInt(c -> c).max().orElse(1)
            : counts.values().stream().mapToInt(c -> c).sum();
    out.printf(Locale.ROOT, "%n%s: %,d samples%n", title, total);
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .limit(TOP)
        .forEach(
            e ->
                out.printf(
                    Locale.ROOT, "%6.1f %%  %s%n", 100.0 * e.getValue() / total, e.getKey()));
  }

  private void systemCalls(Workload commits, long nanos)
      throws IOException, SQLException, InterruptedException {
    Path counts = scratch.resolve("strace.out");
    Process strace;
    try {
      strace =
          new ProcessBuilder(
                  "strace", "-f", "-c", "-o", counts.toString(), "-p", Long.toString(sluice.pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      out.println("\nno system calls: strace is not installed");
      return;
    }
    long done;
    try {
      // strace needs a moment to attach; commits before that are few and only dilute the counts.
      strace.waitFor(500, TimeUnit.MILLISECONDS);
      done = commits.round(nanos).operations();
    } finally {
      // strace writes its table on SIGINT; Process has no way to send that.
      run(5, "kill", "-INT", Long.toString(strace.pid()));
      if (!strace.waitFor(10, TimeUnit.SECONDS)) {
        strace.destroyForcibly();
      }
    }
    out.printf(
        Locale.ROOT, "%nsystem calls of the whole process under strace, %,d commits:%n", done);
    Files.readAllLines(counts).stream().limit(14).forEach(out::println);
  }

  private boolean run(int limitSeconds, String... command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(scratch.resolve("command.out").toFile())
            .start();
    if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return false;
    }
    return process.exitValue() == 0;
  }
}
