package dev.sluice.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

@Command(
    name = "demo",
    description = {
      "Show the whole job on this machine, in a temporary directory, in under half a minute: a primary, a follower,"
          + " a backup, an accident, a restore.",
      "Needs sqlite3 and FUSE. Leaves nothing behind; exit status 1 when a comparison fails.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice demo")
final class DemoCommand extends CliCommand {
  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("sluice-demo");
    DemoNodes nodes = new DemoNodes(directory);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(nodes, directory), "clean-up"));
    try {
      return new Demo(directory, nodes, out()).run() ? ExitStatus.OK : ExitStatus.FAILED;
    } finally {
      cleanUp(nodes, directory);
    }
  }

  /** Idempotent: also runs when the demonstration is interrupted. */
  private static void cleanUp(DemoNodes nodes, Path directory) {
    nodes.close();
    if (Files.exists(directory)) {
      delete(directory);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("sluice: " + directory + " could not be deleted: " + e.getMessage());
    }
  }
}
