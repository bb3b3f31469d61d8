package dev.sluice.cli;

import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "promote",
    description = {
      "Make a node the primary of its cluster: has the one that is hand over, as 'sluice handoff' does.",
      "A primary that is gone need not be replaced by hand: another node takes over when its lease has run out.",
    },
    footerHeading = "%nExample:%n",
    footer = "  sluice promote --url http://10.0.0.2:4480")
final class PromoteCommand extends CliCommand {
  @Mixin private NodeTarget target = new NodeTarget();

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.Converter.class,
      defaultValue = "5s",
      description = "How long the node may take to get everything (default: ${DEFAULT-VALUE}).")
  private Duration timeout = Duration.ZERO;

  @Option(
      names = "--force",
      description =
          "The primary is gone, and so are all nodes that have everything it acknowledged: take over without. What"
              + " this node lacks is lost.")
  private boolean force;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    NodeClient node = target.client();
    waitingFor(
        "waiting for " + node.url() + " to have everything",
        () -> {
          node.promote(timeout, force);
          return node;
        });
    if (json) {
      Show.json(out(), Map.of("primary", node.url().toString()));
    } else {
      out().println(node.url() + " becomes the primary");
    }
    return ExitStatus.OK;
  }
}
