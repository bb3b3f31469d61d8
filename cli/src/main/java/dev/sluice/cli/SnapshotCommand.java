package dev.sluice.cli;

import dev.sluice.ltx.Position;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "snapshot",
    description = "Put a snapshot of a database into its stores now, and print its position.",
    footerHeading = "%nExample:%n",
    footer = "  sluice snapshot data/shop/app.db")
final class SnapshotCommand extends CliCommand {
  @Mixin private AccessOptions access = new AccessOptions();

  @Option(
      names = "--url",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "The node (default: the one that runs on this machine and has the file).")
  private @Nullable NodeUrl url;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "10m",
      description = "How long to wait, at most an hour (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Parameters(
      paramLabel = "DB",
      description = "The database: its file in the data directory, or its name at the node.")
  private String database = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    NodeAddress.Found found = NodeAddress.find(database, url, access.access());
    Position position =
        waitingFor(
            "waiting for the stores of " + found.database(),
            () -> found.node().snapshot(found.database(), timeout));
    if (json) {
      Show.json(out(), Map.of("database", found.database(), "position", position.toString()));
    } else {
      out().println(position);
    }
    return ExitStatus.OK;
  }
}
