package dev.sluice.monitor.proxy;

import dev.sluice.node.ProxyAddress;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The primary that a node follows. Safe for use by many threads. */
public interface PrimaryNode {
  /** Where it is reached, as far as known now; null when there is none, or it is this node. */
  @Nullable String url();

  /**
   * Asks the node at {@code url} where its proxy is; blocks.
   *
   * @return null when it has none
   * @throws IOException when it gives no answer
   */
  @Nullable ProxyAddress proxyOf(String url) throws IOException;
}
