package dev.sluice.benchmarks.system;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.benchmarks.system.Comparison.Result;
import dev.sluice.benchmarks.system.Comparison.Speed;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Prints results as they come, and writes all of them as JSON at the end. For one thread. */
final class Report {
  private static final double LATENCY_NEEDED_MICROS = 2_000;
  private static final double LATENCY_AIM_MICROS = 1_000;
  private static final double LATENCY_P99_AIM_MICROS = 5_000;

  private final PrintStream out;
  private final Map<String, Object> json = new LinkedHashMap<>();
  private final List<Map<String, Object>> comparisons = new ArrayList<>();

  Report(PrintStream out) {
    this.out = out;
    json.put("comparisons", comparisons);
  }

  void machine(Map<String, String> facts) {
    facts.forEach((key, value) -> out.printf(Locale.ROOT, "%-12s %s%n", key, value));
    json.put("machine", facts);
  }

  void head() {
    out.printf(
        "%n%-26s %10s %21s %10s %21s %6s %6s %6s %9s %7s%n",
        "a second, median of 5",
        "native",
        "",
        "Sluice",
        "",
        "ratio",
        "needed",
        "aim",
        "requests",
        "CPU µs");
  }

  void add(Result result) {
    Comparison of = result.of();
    double requests = result.used().requests() / result.operations();
    double cpuMicros = result.used().cpuMillis() * 1e3 / result.operations();
    out.printf(
        Locale.ROOT,
        "%-26s %,10.0f %21s %,10.0f %21s %6.3f %6s %6s %9.3f %7.1f  %s%n",
        of.name(),
        result.direct().median(),
        range(result.direct()),
        result.mounted().median(),
        range(result.mounted()),
        result.ratio(),
        text(of.needed()),
        text(of.aim()),
        requests,
        cpuMicros,
        result.verdict());
    StringJoiner operations = new StringJoiner(", ", "    ", "");
    result.used().often(result.operations(), 0.01).forEach(e -> operations.add(text(e)));
    double allocated = result.used().allocatedBytes() / result.operations();
    operations.add(String.format(Locale.ROOT, "%,.0f bytes allocated", allocated));
    if (requests >= 0.01) {
      out.println(operations);
    }
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", of.name());
    entry.put("nativePerSecond", result.direct());
    entry.put("sluicePerSecond", result.mounted());
    entry.put("ratio", result.ratio());
    entry.put("needed", of.needed());
    entry.put("aim", of.aim());
    entry.put("aimPerSecond", of.aimPerSecond());
    entry.put("requestsPerOperation", requests);
    entry.put("requests", result.used().operations());
    entry.put("allocatedBytesPerOperation", allocated);
    entry.put("cpuMicrosPerOperation", cpuMicros);
    entry.put("verdict", result.verdict());
    comparisons.add(entry);
  }

  private static String text(Map.Entry<String, Usage.Requests> operation) {
    Usage.Requests of = operation.getValue();
    return String.format(
        Locale.ROOT,
        "%.2f %s of %.0f µs",
        of.count(),
        operation.getKey(),
        of.seconds() * 1e6 / of.count());
  }

  private static String range(Speed of) {
    return String.format(Locale.ROOT, "(%,.0f-%,.0f)", of.lowest(), of.highest());
  }

  private static String text(@Nullable Double ratio) {
    return ratio == null ? "" : ratio.toString();
  }

  void latency(FollowerLatency.Result result) {
    String verdict =
        result.p50() >= LATENCY_NEEDED_MICROS
            ? "MISSED"
            : result.p50() >= LATENCY_AIM_MICROS || result.p99() >= LATENCY_P99_AIM_MICROS
                ? "below the aim"
                : "";
    out.printf(
        Locale.ROOT,
        "%nbefore the commit to visible on a follower, %,d commits: p50 %.2f ms (needed < 2, aim < 1),"
            + " p99 %.2f ms (aim < 5), longest %.1f ms; of that the commit itself %.2f ms  %s%n",
        result.commits(),
        result.p50() / 1e3,
        result.p99() / 1e3,
        result.max() / 1e3,
        result.commitP50() / 1e3,
        verdict);
    json.put("followerLatencyMicros", result);
  }

  /** Resources of one Sluice process. */
  void process(String name, SluiceProcess process) throws IOException {
    Usage usage = process.usage();
    long resident = process.memoryKib("VmRSS");
    long peak = process.memoryKib("VmHWM");
    out.printf(
        Locale.ROOT,
        "%s: %,d MiB resident, %,d MiB at most, %.1f s of processor time, %,.0f requests%n",
        name,
        resident >> 10,
        peak >> 10,
        usage.cpuMillis() / 1e3,
        usage.requests());
    json.put(
        name,
        Map.of(
            "residentKib",
            resident,
            "peakKib",
            peak,
            "cpuMillis",
            usage.cpuMillis(),
            "requests",
            usage.requests()));
  }

  void write(Path file) throws IOException {
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), json);
  }
}
