package dev.sluice.cli;

import dev.sluice.access.Access;
import dev.sluice.monitor.Metrics;
import dev.sluice.monitor.proxy.PrimaryNode;
import dev.sluice.monitor.proxy.ProxyOptions;
import dev.sluice.monitor.proxy.ProxyServer;
import dev.sluice.node.ClusterStatus;
import dev.sluice.node.ClusterStatus.ClusterMember;
import dev.sluice.node.ClusterView;
import dev.sluice.node.NodeClient;
import dev.sluice.node.NodeView;
import dev.sluice.node.ProxyAddress;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The proxy before the application of a node, and how it finds that of the primary. */
final class NodeProxy implements Closeable {
  private static final String FLY_MACHINE = "FLY_MACHINE_ID";
  private static final String FLY_PRIMARY_REGION = "PRIMARY_REGION";

  private final ProxyServer server;
  private final ProxyAddress advertised;

  private NodeProxy(ProxyServer server, ProxyAddress advertised) {
    this.server = server;
    this.advertised = advertised;
  }

  /** Starts it; null when none is configured. */
  static @Nullable NodeProxy start(SluiceConfig config, NodeView node, Metrics metrics)
      throws IOException {
    ProxySettings settings = config.proxy();
    if (!settings.isGiven()) {
      return null;
    }
    ProxyOptions options;
    try {
      options = settings.options(System.getenv(FLY_PRIMARY_REGION));
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), "correct 'proxy'", e);
    }
    ProxyServer server =
        ProxyServer.start(
            options,
            node,
            new Following(config.follow(), node, config.security().access()),
            metrics);
    return new NodeProxy(
        server,
        new ProxyAddress(
            Objects.toString(settings.advertise(), null),
            server.address().port(),
            System.getenv(FLY_MACHINE)));
  }

  /** Where other nodes reach it. */
  ProxyAddress advertised() {
    return advertised;
  }

  /** The primary of a node that follows: the one it was told, or that of its cluster. */
  private record Following(@Nullable NodeUrl told, NodeView node, Access access)
      implements PrimaryNode {
    @Override
    public @Nullable String url() {
      if (told != null) {
        return told.toString();
      }
      ClusterView cluster = node.cluster();
      if (cluster == null) {
        return null;
      }
      ClusterStatus status = cluster.status();
      return status.nodes().stream()
          .filter(member -> member.nodeId().equals(status.primary()))
          .filter(member -> !member.nodeId().equals(node.nodeId()))
          .map(ClusterMember::url)
          .filter(Objects::nonNull)
          .findFirst()
          .orElse(null);
    }

    @Override
    public @Nullable ProxyAddress proxyOf(String url) throws IOException {
      return new NodeClient(URI.create(url), access).status().proxy();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
