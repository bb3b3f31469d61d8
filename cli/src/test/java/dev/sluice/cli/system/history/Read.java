package dev.sluice.cli.system.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction read on a node.
 *
 * @param waited token of an acknowledged write that the node had granted to show, before the read
 *     began; null when it was not asked
 * @param tokens the list, in its order
 * @param register what the register held; null before its first write
 * @param torn what of the transaction did not fit together; null when all did
 */
public record Read(
    int node,
    String database,
    long startNanos,
    long endNanos,
    @Nullable String waited,
    List<String> tokens,
    @Nullable String register,
    @Nullable String torn) {
  public Read {
    tokens = List.copyOf(tokens);
  }

  @Override
  public String toString() {
    return "the read of %s on node %d from %d to %d ns, with %d tokens"
        .formatted(database, node, startNanos, endNanos, tokens.size());
  }
}
