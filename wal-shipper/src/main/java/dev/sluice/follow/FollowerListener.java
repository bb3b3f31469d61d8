package dev.sluice.follow;

import dev.sluice.ltx.Position;
import java.util.Map;

/**
 * Is told which nodes of the cluster follow this primary, and what they have on their disks. Called
 * by many threads.
 */
public interface FollowerListener {
  /** For a primary that does not ask. */
  FollowerListener NONE = new FollowerListener() {};

  /** Whether followers are to say what they have on their disks. */
  default boolean wantsAcks() {
    return false;
  }

  /** A node that follows all databases has opened a stream; the same may have another one open. */
  default void connected(String node) {}

  /** One stream of it has ended. */
  default void disconnected(String node) {}

  /** A node has the transactions up to these on its disk. */
  default void acknowledged(String node, Map<String, Position> positions) {}
}
