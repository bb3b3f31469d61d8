package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
 * Runs the pages for newcomers and for single tasks, each whole and in a directory of its own; see
 * {@link Walk}. Some at once, because they mostly wait.
 */
@Execution(ExecutionMode.CONCURRENT)
class PagesTest {
  private static final Path DOCS = Path.of("..", "docs");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");

  static Stream<Path> pages() throws IOException {
    try (Stream<Path> howTos = Files.list(DOCS.resolve("howto"))) {
      return Stream.concat(
          Stream.of("getting-started.md", "install.md", "clients.md").map(DOCS::resolve),
          howTos.sorted().toList().stream())
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyCommandOfAPageWorks(Path page, @TempDir Path directory)
      throws IOException, InterruptedException {
    Programs.assumeMountable("bash", "sqlite3", "curl");
    List<ShownBlock> blocks = ShownBlock.of(Programs.text(page));
    assertThat(blocks).isNotEmpty();
    // Why a command is not run stands above it.
    assertThat(blocks)
        .filteredOn(block -> block.how().startsWith("run: not"))
        .allMatch(block -> block.how().matches("run: not, .{8,}"));
    try (Walk walk = Walk.in(directory)) {
      for (ShownBlock block : blocks) {
        if (block.isFile() || block.isRun()) {
          walk.show(block);
        }
      }
    }
  }

  @Test
  void everyLinkOfAPageLeadsToAFile() throws IOException {
    try (Stream<Path> pages = Files.walk(Path.of(".."), 4)) {
      assertThat(
              pages
                  .filter(page -> page.toString().endsWith(".md"))
                  .filter(page -> !page.toString().contains("/target/"))
                  .filter(page -> !page.toString().contains("/node_modules/"))
                  .flatMap(PagesTest::deadLinks))
          .isEmpty();
    }
  }

  private static Stream<String> deadLinks(Path page) {
    try {
      Matcher link = LINK.matcher(Programs.text(page));
      return link
          .results()
          .map(found -> found.group(1))
          .filter(target -> !Files.exists(page.resolveSibling(target)))
          .map(target -> page + ": " + target)
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
