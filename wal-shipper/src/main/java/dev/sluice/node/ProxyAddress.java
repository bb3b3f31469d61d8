package dev.sluice.node;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Where other nodes reach the proxy before the application of a node.
 *
 * @param url null for the host at which the node itself is reached, and {@code port}
 * @param port where it listens
 * @param flyMachine id of the machine at Fly.io; null elsewhere
 */
public record ProxyAddress(@Nullable String url, int port, @Nullable String flyMachine) {
  /**
   * The URL of the proxy, without a slash at its end.
   *
   * @param node where the node was reached that said this of itself
   * @throws IllegalArgumentException when there is no such URL
   */
  public URI at(URI node) {
    if (url != null) {
      return URI.create(url.replaceAll("/+$", ""));
    }
    try {
      return new URI("http", null, node.getHost(), port, null, null, null);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(node + ": no host", e);
    }
  }
}
