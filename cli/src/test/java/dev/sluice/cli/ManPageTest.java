package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ManPageTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void everyCommandHasOneThatGroffTakes() throws Exception {
    Path pages = directory.resolve("man");
    Run.sluice("man", "--all", pages).ok();
    List<Path> written;
    try (Stream<Path> files = Files.list(pages)) {
      written = files.sorted().toList();
    }
    assertThat(written)
        .extracting(page -> page.getFileName().toString())
        .contains("sluice.1", "sluice-mount.1", "sluice-ltx-verify.1", "sluice-doctor.1")
        .doesNotContain("sluice-config-docs.1");
    assumeTrue(Run.find("groff").isPresent(), "groff is not installed");
    Run run = Run.process("timeout", "60", "groff", "-man", "-ww", "-z", "-Tutf8", written);
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
  }

  @Test
  void aPageSaysWhatTheHelpSays() {
    String page = Run.sluice("man", "mount").ok().out();
    assertThat(page)
        .startsWith(".TH \"SLUICE-MOUNT\" 1")
        .contains(
            "\\fB\\-\\-retention DURATION\\fR\nHow far back restores must reach (default: 24h).")
        .contains("\\fB\\-\\-low\\-latency, \\-\\-no\\-low\\-latency\\fR\n")
        .contains("doctor: something would keep a node from working")
        .contains("sluice(1)")
        .doesNotContain("%n", "${");
    Run.sluice("man", "ltx", "lst")
        .fails(2, "'sluice ltx' has no command 'lst'; 'sluice man --help' shows the usage");
  }
}
