package dev.sluice.cli;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "snapshot",
    description = "Put a snapshot of a database into its stores now, and print its position.",
    footerHeading = "%nExample:%n",
    footer = "  sluice snapshot data/shop/app.db")
final class SnapshotCommand extends StoresCommand {
  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "10m",
      description = "How long to wait, at most an hour (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Override
  Position bring(NodeClient node, String database) throws IOException {
    return node.snapshot(database, timeout);
  }
}
