package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs every command that a page shows, each page whole and in a directory of its own; see {@link
 * Walk}. Some at once, because they mostly wait.
 */
@Execution(ExecutionMode.CONCURRENT)
class PagesTest {
  private static final Path TOP = Path.of("..");

  /** What can't be run here, by page and beginning of the block, and why. */
  private static final Map<String, String> NOT_RUN =
      Map.ofEntries(
          Map.entry("README.md: ./scripts/test", "It runs this test."),
          Map.entry("CONTRIBUTING.md: ./sluice version", "It runs this test."),
          Map.entry("CONTRIBUTING.md: ./scripts/test", "It runs this test."),
          Map.entry("CONTRIBUTING.md: scripts/campaign", "They run for hours."),
          Map.entry("docs/benchmarks.md: benchmarks/run codec", "It measures for minutes."),
          Map.entry("docs/benchmarks.md: benchmarks/run system", "It measures for minutes."),
          Map.entry("docs/benchmarks.md: benchmarks/bindings", "It measures for minutes."),
          Map.entry("docs/install.md: scripts/package", "It builds what this test is a part of."),
          Map.entry("docs/install.md: sudo apt-get", "It changes the system."),
          Map.entry("docs/howto/upgrade.md: sudo apt-get", "It changes the system."),
          Map.entry("docs/howto/remove.md: sudo apt-get", "It changes the system."),
          Map.entry("examples/README.md: mvn", "It builds what this test is a part of."),
          Map.entry("examples/docker/README.md: docker", "It needs a container engine."),
          Map.entry(
              "examples/node/README.md: npm install --prefix examples/node --no-save",
              "It compiles for minutes where there is no binary."));

  /** Languages of what is shown and is no command. */
  private static final Set<String> NO_COMMANDS =
      Set.of("", "go", "ini", "java", "js", "json", "python", "yaml");

  private static final Pattern COMMAND =
      Pattern.compile(
          "(?m)^(\\$ |\\./|scripts/|benchmarks/|(sluice|sqlite3|curl|sudo|docker|openssl|mvn) [^:])");

  private static final Pattern FENCE = Pattern.compile("(?m)^\\s*(?:```|~~~)");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]*)(?:#([^)]*))?\\)");
  private static final Pattern CODE = Pattern.compile("`[^`\n]*`");
  private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.*?) *$");
  private static final Pattern LINK_IN_HEADING = Pattern.compile("\\[([^]]*)]\\([^)]*\\)");

  /** Each page by itself; those of the examples share the nodes that examples/README.md starts. */
  static Stream<List<Path>> walks() throws IOException {
    List<List<Path>> walks = new ArrayList<>();
    List<Path> examples = new ArrayList<>();
    for (Path page : pages()) {
      if (blocks(page).stream().anyMatch(block -> isRun(block))) {
        if (page.startsWith(TOP.resolve("examples"))) {
          examples.add(page);
        } else {
          walks.add(List.of(page));
        }
      }
    }
    // It takes longest.
    walks.add(0, examples);
    return walks.stream();
  }

  @ParameterizedTest
  @MethodSource("walks")
  void everyCommandWorks(List<Path> pages, @TempDir Path directory)
      throws IOException, InterruptedException {
    Programs.assumeMountable("bash", "sqlite3", "curl", "python3", "openssl");
    try (Walk walk = Walk.in(directory)) {
      if (pages.size() > 1) {
        walk.becomeRepository();
      }
      for (Path page : pages) {
        for (ShownBlock block : blocks(page)) {
          if (block.isFile() || isRun(block)) {
            walk.show(block);
          }
        }
      }
    }
  }

  @Test
  void whatIsNotRunIsStillThere() throws IOException {
    Set<String> unused = new TreeSet<>(NOT_RUN.keySet());
    for (Path page : pages()) {
      for (ShownBlock block : blocks(page)) {
        unused.removeIf(key -> isNamed(key, block));
      }
    }
    assertThat(unused).isEmpty();
  }

  @Test
  void everyCommandIsInABlockThatIsKnownAsOne() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path page : pages()) {
      List<ShownBlock> blocks = blocks(page);
      if (FENCE.matcher(Programs.text(page)).results().count() != 2L * blocks.size()) {
        wrong.add(page + ": a fence that is indented, not closed or says more than a language");
      }
      for (ShownBlock block : blocks) {
        boolean isOther =
            NO_COMMANDS.contains(block.language()) && !COMMAND.matcher(block.text()).find();
        if (!block.isCommand() && !isOther) {
          wrong.add(block.page() + ", line " + block.line() + ": commands are 'sh'");
        }
        if (!block.isUnderstood()) {
          wrong.add(block.page() + ", line " + block.line() + ": " + block.how());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    Map<Path, Set<String>> anchors = new HashMap<>();
    for (Path page : pages()) {
      anchors.put(page.normalize(), anchors(page));
    }
    List<String> dead = new ArrayList<>();
    for (Path page : pages()) {
      Matcher link = LINK.matcher(CODE.matcher(String.join("\n", prose(page))).replaceAll(""));
      while (link.find()) {
        Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
        Set<String> there = anchors.get(target.normalize());
        if (!Files.exists(target)
            || (link.group(2) != null && (there == null || !there.contains(link.group(2))))) {
          dead.add(page + ": " + link.group());
        }
      }
    }
    assertThat(dead).isEmpty();
  }

  private static boolean isRun(ShownBlock block) {
    return block.isCommand() && NOT_RUN.keySet().stream().noneMatch(key -> isNamed(key, block));
  }

  private static boolean isNamed(String key, ShownBlock block) {
    return (block.page() + ": " + block.text()).startsWith(key);
  }

  private static List<ShownBlock> blocks(Path page) {
    try {
      return ShownBlock.of(TOP.relativize(page).toString(), Programs.text(page));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> pages = Files.walk(TOP, 4)) {
      return pages
          .filter(page -> page.toString().endsWith(".md"))
          .filter(page -> !page.toString().matches(".*/(target|node_modules)/.*"))
          .sorted()
          .toList();
    }
  }

  /** The lines of a page that are in no fenced block. */
  private static List<String> prose(Path page) throws IOException {
    List<String> prose = new ArrayList<>();
    boolean fenced = false;
    for (String line : Programs.text(page).lines().toList()) {
      if (line.startsWith("```")) {
        fenced = !fenced;
      } else if (!fenced) {
        prose.add(line);
      }
    }
    return prose;
  }

  /** What GitHub makes of headings, so that a link can lead to them. */
  private static Set<String> anchors(Path page) throws IOException {
    Set<String> anchors = new HashSet<>();
    for (String line : prose(page)) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        String text = LINK_IN_HEADING.matcher(heading.group(1)).replaceAll("$1");
        String anchor =
            text.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{M}\\p{N}\\p{Pc} -]", "")
                .replace(' ', '-');
        String unique = anchor;
        for (int i = 1; !anchors.add(unique); i++) {
          unique = anchor + "-" + i;
        }
      }
    }
    return anchors;
  }
}
