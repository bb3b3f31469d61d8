package dev.sluice.cli;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that waits until the stores of a database have a position, and prints that. */
abstract class StoresCommand extends CliCommand {
  @Mixin private AccessOptions access = new AccessOptions();

  @Option(
      names = "--url",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "The node (default: the one that runs on this machine and has the file).")
  private @Nullable NodeUrl url;

  @Parameters(
      paramLabel = "DB",
      description = "The database: its file in the data directory, or its name at the node.")
  private String database = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /** Asks the node to bring it there; returns when it is. */
  abstract Position bring(NodeClient node, String database) throws IOException;

  @Override
  public final Integer call() throws IOException {
    NodeAddress.Found found = NodeAddress.find(database, url, access.access());
    Position position =
        waitingFor(
            "waiting for the stores of " + found.database(),
            () -> bring(found.node(), found.database()));
    if (json) {
      Show.json(out(), Map.of("database", found.database(), "position", position.toString()));
    } else {
      out().println(position);
    }
    return ExitStatus.OK;
  }
}
