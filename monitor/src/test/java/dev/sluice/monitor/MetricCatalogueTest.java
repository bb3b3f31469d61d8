package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterView;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.node.DatabaseStatus.VerificationStatus;
import dev.sluice.node.HealthProblem;
import dev.sluice.node.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Metric}, what a node serves, and {@code docs/metrics.md} say the same. */
final class MetricCatalogueTest {
  private static final Path DOCS =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs").normalize();

  /** Set it to have the page written. */
  private static final String WRITE = "SLUICE_WRITE_DOCS";

  private final Path directory;

  MetricCatalogueTest(@TempDir Path directory) {
    this.directory = directory;
  }

  /** A node that has something of everything. */
  static String everything(Path directory) throws Exception {
    try (ServedNode served = new ServedNode(directory)) {
      served.node.commit("shop/app.db", 1);
      served.node.store =
          new StoreStatus("file:///backup", null, 1_000, "away")
              .withVerification(new VerificationStatus("failed", 1_500, "damaged", null));
      served.node.follow = new FollowStatus("0000000000000009/8000000000000000", 8, 2_500);
      HealthProblem problem =
          new HealthProblem("store_error", Severity.WARNING, "away", "2026-11-26T08:00:00.000Z");
      served.node.databaseHealth = List.of(problem);
      served.node.cluster = new Alone();
      return served.get("/metrics").body();
    }
  }

  private static final class Alone implements ClusterView {
    @Override
    public ClusterStatus status() {
      return new ClusterStatus("file:///lease", 3, "a", 7_500, null, null, List.of());
    }

    @Override
    public CompletableFuture<Void> handOff(String node, long timeoutMillis) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> promote(long timeoutMillis, boolean force) {
      return CompletableFuture.completedFuture(null);
    }
  }

  @Test
  void aNodeServesWhatIsListedAndNothingElse() throws Exception {
    Set<String> served = new TreeSet<>();
    Matcher type =
        Pattern.compile("^# TYPE (sluice\\S*) (\\S+)$", Pattern.MULTILINE)
            .matcher(everything(directory));
    while (type.find()) {
      served.add(type.group(1) + " " + type.group(2));
    }
    Set<String> listed = new TreeSet<>();
    for (Metric metric : Metric.values()) {
      // In this format, that is a gauge.
      listed.add(metric.id() + " " + (metric == Metric.INFO ? "gauge" : metric.type().label));
    }
    assertThat(served).isEqualTo(listed);
  }

  @Test
  void labelsAreThoseListed() throws Exception {
    Matcher sample =
        Pattern.compile("^(sluice\\w+)\\{(.*)} \\S+$", Pattern.MULTILINE)
            .matcher(everything(directory));
    while (sample.find()) {
      Set<String> labels = new TreeSet<>();
      Matcher label = Pattern.compile("(\\w+)=\"").matcher(sample.group(2));
      while (label.find()) {
        labels.add(label.group(1));
      }
      labels.remove("le");
      String id = sample.group(1).replaceFirst("_bucket$", "");
      Metric metric =
          Arrays.stream(Metric.values()).filter(m -> m.id().equals(id)).findFirst().orElseThrow();
      assertThat(labels).as(id).isEqualTo(new TreeSet<>(metric.labels()));
    }
  }

  @Test
  void namesFollowTheConventions() {
    for (Metric metric : Metric.values()) {
      String id = metric.id();
      assertThat(id).matches("sluice(_[a-z]+)+");
      assertThat(id.endsWith("_total")).as(id).isEqualTo(metric.type() == Metric.Type.COUNTER);
      assertThat(id).doesNotContain("milli", "_ms", "percent", "kilo");
      assertThat(metric.help()).as(id).endsWith(".");
      if (metric.type() == Metric.Type.HISTOGRAM) {
        assertThat(id).endsWith("_seconds");
      }
      assertThat(id.startsWith("sluice_database_"))
          .as(id)
          .isEqualTo(metric.labels().contains("database"));
    }
  }

  @Test
  void thePageListsAll() throws IOException {
    Path page = DOCS.resolve("metrics.md");
    String text = Files.readString(page);
    String head = text.substring(0, text.indexOf("|---|---|---|---|\n") + 18);
    String table =
        Arrays.stream(Metric.values())
            .map(MetricCatalogueTest::row)
            .collect(Collectors.joining("\n", "", "\n"));
    if (System.getenv(WRITE) != null) {
      Files.writeString(page, head + table);
    } else {
      assertThat(text).as("%s=1 has it written", WRITE).isEqualTo(head + table);
    }
  }

  private static String row(Metric metric) {
    String labels =
        metric.labels().stream().map(label -> "`" + label + "`").collect(Collectors.joining(", "));
    return "| `%s` | %s | %s | %s |"
        .formatted(metric.id(), metric.type().label, labels, metric.help().replace("|", "\\|"));
  }
}
