package dev.sluice.cli;

import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that speak to one node about itself, not about a database. */
final class NodeTarget {
  @Option(
      names = "--url",
      paramLabel = "URL",
      converter = NodeUrl.Converter.class,
      description = "The node (default: " + NodeUrl.DEFAULT + ").")
  private @Nullable NodeUrl url;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The node that runs on this machine with this data directory.")
  private @Nullable Path data;

  NodeClient client() throws IOException {
    return data == null
        ? (url == null ? NodeUrl.parse(NodeUrl.DEFAULT) : url).client()
        : NodeAddress.of(data);
  }
}
