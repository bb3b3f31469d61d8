package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Runs every command that README.md shows, in that order; see {@link Walk}. */
class ReadmeTest {
  private final Walk walk;
  private boolean failed;

  ReadmeTest(@TempDir Path directory) throws IOException {
    walk = Walk.in(directory);
  }

  @TestFactory
  Stream<DynamicTest> commands() throws IOException {
    Programs.assumeMountable("bash", "sqlite3", "curl");
    List<ShownBlock> blocks = ShownBlock.of(Programs.text(Path.of("..", "README.md")));
    assertThat(blocks).hasSizeGreaterThan(10);
    assertThat(blocks).allMatch(block -> block.isFile() || block.language().equals("sh"));
    return blocks.stream()
        .filter(block -> block.isFile() || block.isRun())
        .map(block -> DynamicTest.dynamicTest("line " + block.line(), () -> show(block)));
  }

  @AfterEach
  void stop() throws IOException {
    walk.close();
  }

  private void show(ShownBlock block) throws IOException, InterruptedException {
    Assumptions.assumeFalse(failed, "skipped: a block above has failed");
    failed = true;
    walk.show(block);
    failed = false;
  }
}
