package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node reads its configuration again when it is told to. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ReloadSignalTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** Whether what is started from here ignores the signal, as below nohup. */
  @BeforeEach
  void assumeHeard() throws Exception {
    String ignored =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    boolean ignoresHangUp = Character.digit(ignored.charAt(ignored.length() - 1), 16) % 2 != 0;
    assumeFalse(ignoresHangUp, "SIGHUP is ignored here, as below nohup");
  }

  private static void hangUp(SluiceProcess node, String expected) throws Exception {
    new ProcessBuilder("kill", "-HUP", Long.toString(node.process().pid())).start().waitFor();
    while (!node.err().contains(expected)) {
      assertThat(node.process().isAlive()).as(node.err()).isTrue();
      Thread.sleep(20);
    }
  }

  @Test
  void onHangUp() throws Exception {
    Files.createDirectories(sandbox.path("data"));
    String common = "data: data\nstore: " + sandbox.store() + "\n";
    Path file = Files.writeString(sandbox.path("sluice.yml"), common + "retention: 1d\n");
    SluiceProcess node = sandbox.sluice("node", "replicate", "--config", file);
    node.await(line -> line.startsWith("replicating "));

    Files.writeString(file, common + "retention: 2d\nbandwidth: 10MB\ncheckpoint-pages: 9\n");
    hangUp(node, "taken: retention, bandwidth; only a restart takes: checkpoint-pages");
    Files.writeString(file, common + "retention: soon\n");
    hangUp(node, "is not read again, the node goes on as it is");
    node.stop();
  }

  @Test
  void whatIsWrongAndWhoIsTold() throws Exception {
    Files.createDirectories(sandbox.path("data"));
    Path told = sandbox.path("told");
    Path file = Files.writeString(sandbox.path("sluice.yml"), "data: data\nmin-free: 1MiB\n");
    SluiceProcess node = sandbox.sluice("node", "replicate", "--config", file);
    node.await(line -> line.startsWith("replicating "));
    Files.writeString(file, "data: data\nmin-free: 1000000GiB\non-event: cat >> '" + told + "'\n");
    hangUp(node, "taken: min-free, on-event");
    hangUp(node, "ERROR this node: disk_low: ");
    Replicated.eventually(
        "told", () -> Files.exists(told) && Files.readString(told).contains("\"disk_low\""));
    Files.writeString(file, "data: data\nmin-free: 1MiB\non-event: cat >> '" + told + "'\n");
    hangUp(node, "taken: min-free\n");
    hangUp(node, "disk_low is over");
    node.stop();
  }
}
