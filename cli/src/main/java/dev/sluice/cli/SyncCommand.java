package dev.sluice.cli;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "sync",
    description =
        "Wait until every store of a database has what is committed to it now, and print the position.",
    footerHeading = "%nExample:%n",
    footer = "  sluice sync data/shop/app.db")
final class SyncCommand extends StoresCommand {
  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "30s",
      description = "How long to wait, at most an hour (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Override
  Position bring(NodeClient node, String database) throws IOException {
    return node.sync(database, timeout);
  }
}
