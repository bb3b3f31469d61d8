package dev.sluice.durability;

import dev.sluice.log.Database;
import dev.sluice.ltx.Position;
import dev.sluice.node.DurabilityStatus;
import java.io.Closeable;
import java.io.IOException;

/**
 * What a commit waits for beyond this node, while it is the primary. Safe for use by many threads.
 */
public interface Durability extends Closeable {
  /** As replication is without it: nothing is waited for. */
  Durability NONE =
      new Durability() {
        @Override
        public void check(String database) {}

        @Override
        public void await(Database database, Position position, Runnable beforeWait) {}

        @Override
        public DurabilityStatus status() {
          return new DurabilityStatus("async", null, null);
        }

        @Override
        public void close() {}
      };

  /**
   * Before a transaction is cut.
   *
   * @throws IOException when it is known that it would not become durable
   */
  void check(String database) throws IOException;

  /**
   * Returns when a transaction, and what was committed to the database before it, is durable.
   *
   * @param beforeWait called once when that takes any time
   * @throws IOException when it is not within the time, or this node is the primary no more
   */
  void await(Database database, Position position, Runnable beforeWait) throws IOException;

  DurabilityStatus status();

  /** The term ends: whoever waits is refused. */
  @Override
  void close();
}
