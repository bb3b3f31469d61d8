package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.node.NodeClient;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of commands that speak to one node about itself, not about a database. */
final class NodeTarget {
  @Mixin private AccessOptions access = new AccessOptions();

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

  /** How nodes are asked that no file of this machine tells of. */
  Access access() throws IOException {
    return access.access();
  }

  NodeClient client() throws IOException {
    return data == null
        ? (url == null ? NodeUrl.parse(NodeUrl.DEFAULT) : url).client(access())
        : NodeAddress.of(data);
  }
}
