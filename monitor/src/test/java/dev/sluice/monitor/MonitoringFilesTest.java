package dev.sluice.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.node.EventKind;
import dev.sluice.node.Severity;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alert rules and the dashboard name series that there are, with labels that these have. */
final class MonitoringFilesTest {
  private static final Path FILES =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs/monitoring").normalize();

  /** What Prometheus puts on every series. */
  private static final Set<String> OF_PROMETHEUS = Set.of("job", "instance");

  private static final Pattern SERIES =
      Pattern.compile("\\b((?:sluice|jvm|process)_\\w+)(?:\\{([^}]*)})?");

  private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on)\\s*\\(([^)]*)\\)");

  private final Path directory;

  /** Labels of each series that a node serves. */
  private final Map<String, Set<String>> served = new HashMap<>();

  MonitoringFilesTest(@TempDir Path directory) throws Exception {
    this.directory = directory;
    Matcher sample =
        Pattern.compile("^(\\w+)(?:\\{(.*)})? \\S+$", Pattern.MULTILINE)
            .matcher(MetricCatalogueTest.everything(directory.resolve("node")));
    while (sample.find()) {
      Set<String> labels = served.computeIfAbsent(sample.group(1), name -> new HashSet<>());
      labels.addAll(OF_PROMETHEUS);
      if (sample.group(2) != null) {
        labels.addAll(labelNames(sample.group(2)));
      }
    }
  }

  private static List<String> labelNames(String matchers) {
    return Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"")
        .matcher(matchers)
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  private void check(String expression) {
    Matcher series = SERIES.matcher(expression);
    Set<String> labels = new HashSet<>();
    boolean any = false;
    while (series.find()) {
      any = true;
      String name = series.group(1);
      assertThat(served).as(expression).containsKey(name);
      labels.addAll(served.get(name));
      if (series.group(2) != null) {
        assertThat(served.get(name)).as(expression).containsAll(labelNames(series.group(2)));
      }
    }
    assertThat(any || expression.startsWith("up{")).as(expression).isTrue();
    Matcher grouping = GROUPING.matcher(expression);
    while (grouping.find()) {
      for (String label : grouping.group(1).split("\\s*,\\s*", -1)) {
        assertThat(labels).as(expression).contains(label);
      }
    }
  }

  private static Stream<JsonNode> rules() throws IOException {
    return new YAMLMapper()
        .readTree(FILES.resolve("alerts.yml").toFile()).findValues("rules").stream()
            .flatMap(JsonNode::valueStream);
  }

  @Test
  void alertsNameWhatThereIs() throws IOException {
    List<JsonNode> rules = rules().toList();
    assertThat(rules).hasSizeGreaterThan(5);
    for (JsonNode rule : rules) {
      check(rule.get("expr").textValue());
      assertThat(rule.at("/labels/severity").textValue()).isIn("critical", "warning");
      assertThat(rule.at("/annotations/description").asText()).isNotEmpty();
    }
  }

  @Test
  void theDashboardNamesWhatThereIs() throws IOException {
    JsonNode dashboard = new JsonMapper().readTree(FILES.resolve("grafana.json").toFile());
    List<String> expressions = dashboard.findValuesAsText("expr");
    assertThat(expressions).hasSizeGreaterThan(20);
    expressions.forEach(this::check);
    for (JsonNode variable : dashboard.at("/templating/list")) {
      if (variable.has("definition")) {
        check(variable.get("definition").textValue());
      }
    }
  }

  /** Each state of health alerts, those that are errors sooner. */
  @Test
  void everyStateOfHealthAlerts() throws IOException {
    Map<String, String> alerts = new HashMap<>();
    rules()
        .filter(rule -> rule.get("expr").textValue().startsWith("sluice_health{"))
        .forEach(
            rule -> {
              String expression = rule.get("expr").textValue();
              String kinds = expression.replaceFirst(".*=~\"([^\"]*)\".*", "$1");
              for (String kind : kinds.split("\\|", -1)) {
                assertThat(alerts.put(kind, rule.at("/labels/severity").textValue()))
                    .as(kind)
                    .isNull();
              }
            });
    Map<String, String> expected = new HashMap<>();
    for (EventKind kind : EventKind.states()) {
      expected.put(kind.label(), kind.severity() == Severity.ERROR ? "critical" : "warning");
    }
    assertThat(alerts).isEqualTo(expected);
  }

  @Test
  void everyKindHasItsRow() throws IOException {
    String operations = Files.readString(FILES.resolve("../operations.md"));
    for (EventKind kind : EventKind.states()) {
      assertThat(operations).contains("| `" + kind.label() + "` (" + kind.severity().label());
    }
  }

  /** Those that the page names are there. */
  @Test
  void operationsNamesWhatThereIs() throws IOException {
    String operations = Files.readString(FILES.resolve("../operations.md"));
    Pattern.compile("`(sluice_\\w+)[`{]")
        .matcher(operations)
        .results()
        .map(found -> found.group(1))
        .forEach(name -> assertThat(Arrays.stream(Metric.values()).map(Metric::id)).contains(name));
  }

  @Test
  void promtoolFindsNothing() throws Exception {
    String path = System.getenv().getOrDefault("PATH", "");
    assumeThat(Arrays.stream(path.split(File.pathSeparator)))
        .as("promtool is not installed (Debian's package prometheus has it)")
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, "promtool")));
    promtool("check", "rules", "alerts.yml");
    promtool("test", "rules", "alerts-test.yml");
  }

  private void promtool(String... arguments) throws Exception {
    Path out = directory.resolve("promtool.out");
    Process process =
        new ProcessBuilder(Stream.concat(Stream.of("promtool"), Arrays.stream(arguments)).toList())
            .directory(FILES.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("promtool ends").isTrue();
      assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
