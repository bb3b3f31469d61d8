package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Statuses and streams of the executable as a shell sees them. */
class ProcessTest {
  @Test
  void versionGoesToStandardOutput() throws Exception {
    assertThat(Run.sluiceProcess("version").ok().out()).startsWith("sluice ");
  }

  @Test
  void usageErrorsEndWith2() throws Exception {
    Run run = Run.sluiceProcess("restore");
    run.fails(2, "missing required parameter: 'URL|NAME'; 'sluice restore --help' shows the usage");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void failuresEndWith1(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("ä.ltx"), "no LTX file ".repeat(20));
    Run.sluiceProcess("ltx", "list", file)
        .fails(
            1,
            file
                + " @0x0: not an LTX file, it begins with 6e6f204c instead of LTX1; the file is"
                + " damaged: take another copy of it");
  }
}
