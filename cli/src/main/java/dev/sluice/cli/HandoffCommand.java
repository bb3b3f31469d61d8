package dev.sluice.cli;

import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "handoff",
    description = {
      "Make another node of the cluster the primary: it gets everything first, and no write is lost or refused."
          + " Applications that write meanwhile wait in their busy time-out.",
      "Asks the primary; 'sluice cluster' shows which node is, and the ids.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice handoff --url http://10.0.0.1:4480 http://10.0.0.2:4480")
final class HandoffCommand extends CliCommand {
  @Mixin private NodeTarget target = new NodeTarget();

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "5s",
      description =
          "How long the other node may take to get everything; else this one goes on (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Parameters(paramLabel = "NODE", description = "The id or the URL of a follower.")
  private String to = "";

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    NodeClient node = target.client();
    waitingFor(
        "waiting for " + to + " to have everything",
        () -> {
          node.handOff(to, timeout);
          return to;
        });
    if (json) {
      Show.json(out(), Map.of("primary", to));
    } else {
      out().println("handed over to " + to);
    }
    return ExitStatus.OK;
  }
}
