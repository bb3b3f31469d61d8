package dev.sluice.benchmarks.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * SQLite through a Sluice mount against SQLite in a directory beside it.
 *
 * <pre>
 *   this process: sqlite-jdbc ─┬─► native/               a round here,
 *                              └─► primary/mnt ◄─ sluice  then one there
 *                 reader ────────► follower/mnt ◄─ sluice --follow
 * </pre>
 *
 * The client is not the process that serves the mount, and both sides have the same client.
 */
@Command(
    name = "benchmarks/run system",
    mixinStandardHelpOptions = true,
    description = "Measures SQLite through a Sluice mount against native SQLite, in one run.")
final class SystemBenchmark implements Callable<Integer> {
  @Option(names = "--quick", description = "Shorter rounds: less than a minute in all.")
  private boolean quick;

  @Option(names = "--profile", description = "Show where the time of a commit goes instead.")
  private boolean profile;

  @Option(names = "--no-store", description = "Without a store that transactions are shipped to.")
  private boolean noStore;

  @Option(
      names = "--low-latency",
      negatable = true,
      description = "As 'sluice mount --low-latency' or --no-low-latency.")
  private @Nullable Boolean lowLatency;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures here, too.")
  private @Nullable Path json;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Only what has this in its name, such as 'WAL NORMAL'; no follower.")
  private @Nullable String only;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Work below this directory (default: benchmarks/target).")
  private Path parent = Path.of("benchmarks/target");

  @Option(names = "--sluice", paramLabel = "PROGRAM", hidden = true)
  private Path sluice = Path.of("./sluice");

  private final List<SluiceProcess> running = new CopyOnWriteArrayList<>();
  private final AtomicBoolean cleaned = new AtomicBoolean();

  private SystemBenchmark() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new SystemBenchmark()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    Path directory = Files.createTempDirectory(Files.createDirectories(parent), "system-");
    Path absolute = directory.toAbsolutePath();
    Thread hook = new Thread(() -> cleanUp(absolute), "clean-up");
    Runtime.getRuntime().addShutdownHook(hook);
    watch(quick ? 90 : 240);
    try {
      measure(absolute);
      return 0;
    } finally {
      cleanUp(absolute);
    }
  }

  /** Kills what is measured when the run takes too long; whoever waits for it then fails. */
  private void watch(int limitSeconds) {
    Thread watchdog =
        new Thread(
            () -> {
              long deadline = System.nanoTime() + limitSeconds * 1_000_000_000L;
              while (System.nanoTime() < deadline) {
                LockSupport.parkNanos(deadline - System.nanoTime());
              }
              System.err.println("more than " + limitSeconds + " s: given up");
              running.forEach(SluiceProcess::kill);
              System.exit(1);
            },
            "watchdog");
    watchdog.setDaemon(true);
    watchdog.start();
  }

  private void measure(Path directory) throws Exception {
    long roundNanos = quick ? 150_000_000 : 1_000_000_000;
    Path direct = Files.createDirectories(directory.resolve("native"));
    List<String> store =
        noStore ? List.of() : List.of("--store", directory.resolve("store").toUri().toString());
    SluiceProcess primary = start(directory.resolve("primary"), store);
    if (profile) {
      new Profile(primary, directory, System.out).run(roundNanos * 2);
      return;
    }
    Report report = new Report(System.out);
    report.machine(machine(directory));
    report.process("sluice at the start", primary);
    report.head();
    for (Comparison comparison : comparisons()) {
      boolean possible = !comparison.name().contains("cold") || ColdScan.isPossible();
      if (possible && (only == null || comparison.name().contains(only))) {
        report.add(comparison.run(direct, primary, roundNanos));
      }
    }
    if (only == null) {
      follow(report, primary, directory);
    }
    report.process("sluice, primary", primary);
    if (json != null) {
      report.write(json);
    }
  }

  private void follow(Report report, SluiceProcess primary, Path directory) throws Exception {
    FollowerLatency.prepare(primary.mountPoint());
    SluiceProcess follower =
        start(directory.resolve("follower"), List.of("--follow", primary.url().toString()));
    report.latency(
        FollowerLatency.run(primary.mountPoint(), follower.mountPoint(), quick ? 500 : 2_200, 30));
    report.process("sluice, follower", follower);
  }

  private SluiceProcess start(Path directory, List<String> more) throws IOException {
    List<String> options = new ArrayList<>(more);
    if (lowLatency != null) {
      options.add(lowLatency ? "--low-latency" : "--no-low-latency");
    }
    SluiceProcess started = SluiceProcess.start(sluice, directory, options);
    running.add(0, started);
    started.awaitReady();
    return started;
  }

  private static List<Comparison> comparisons() {
    return List.of(
        commits("WAL", "NORMAL", 0.12, null, 8_000.0),
        commits("WAL", "FULL", null, 0.6, null),
        commits("DELETE", "NORMAL", 0.35, 0.45, null),
        commits("DELETE", "FULL", null, 0.45, null),
        commits("TRUNCATE", "NORMAL", null, 0.45, null),
        commits("PERSIST", "NORMAL", null, 0.45, null),
        new Comparison("point reads, WAL", d -> new PointReads(d, "WAL"), 0.8, 0.9, null),
        new Comparison("point reads, DELETE", d -> new PointReads(d, "DELETE"), 0.8, 0.8, null),
        new Comparison("rows of 100,000 at once", BulkInsert::new, 0.5, null, null),
        new Comparison("rows, cold scan", ColdScan::new, 0.6, null, null));
  }

  private static Comparison commits(
      String journalMode,
      String synchronous,
      @Nullable Double needed,
      @Nullable Double aim,
      @Nullable Double aimPerSecond) {
    return new Comparison(
        "commits, " + journalMode + " " + synchronous,
        d -> new Commits(d, journalMode, synchronous),
        needed,
        aim,
        aimPerSecond);
  }

  private static Map<String, String> machine(Path directory) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    String cpu =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 2))
            .findFirst()
            .orElse("unknown");
    facts.put("processors", Runtime.getRuntime().availableProcessors() + " × " + cpu);
    facts.put("load", Files.readString(Path.of("/proc/loadavg")).strip());
    facts.put("kernel", System.getProperty("os.version"));
    facts.put("filesystem", Files.getFileStore(directory).type());
    facts.put("java", System.getProperty("java.version"));
    facts.put("sqlite", org.sqlite.SQLiteJDBCLoader.getVersion());
    return facts;
  }

  private void cleanUp(Path directory) {
    if (!cleaned.compareAndSet(false, true)) {
      return;
    }
    running.forEach(SluiceProcess::close);
    if (running.stream().anyMatch(SluiceProcess::isMounted)) {
      System.err.println("still mounted, so not deleted: " + directory);
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      System.err.println("cannot delete " + directory + ": " + e.getMessage());
    }
  }
}
