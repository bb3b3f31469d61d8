package dev.sluice.log;

import dev.sluice.ltx.Position;
import java.io.IOException;

/**
 * Decides whether a transaction that an application commits may be, before it is cut and again
 * before the application is told. Safe for use by many threads.
 */
public interface CommitGuard {
  /** Every transaction may. */
  CommitGuard OPEN = database -> {};

  /**
   * Before a transaction is cut.
   *
   * @throws IOException when this node may not write at this moment; nothing is cut
   */
  void beforeCommit(String database) throws IOException;

  /**
   * When a transaction is in the log, and before the application is told. May wait until it is
   * elsewhere, too.
   *
   * @throws IOException when the application must not take it for committed; what was cut is taken
   *     back by the next transaction
   */
  default void afterCommit(Database database, Position position) throws IOException {}
}
