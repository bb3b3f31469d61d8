package dev.sluice.cli;

import dev.sluice.durability.Durability;
import dev.sluice.lease.Lease;
import dev.sluice.log.CommitGuard;
import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Lets the applications of a node commit while that is the primary of its cluster, and has their
 * commits wait for what durability asks for. Safe for use by many threads.
 */
final class ClusterGuard implements CommitGuard {
  /**
   * The checksum of databases before what was cut and refused: to bring that state back asks for no
   * more than the lease.
   */
  private final Map<String, Long> beforeRefused = new ConcurrentHashMap<>();

  private volatile @Nullable Lease lease;

  /** What a thread of the mount does before it waits for others than this node. */
  private volatile Runnable beforeWait = () -> {};

  /** What commits wait for; of the term, while this node is the primary. */
  private volatile Durability durability = Durability.NONE;

  private volatile boolean open;

  /** Before this node can get a role. */
  void start(Lease asked, Runnable leaveToOthers) {
    beforeWait = leaveToOthers;
    lease = asked;
  }

  /** What commits wait for in this term. */
  void await(Durability of) {
    durability = of;
  }

  /** Commits are taken for as long as the lease is held. */
  void open() {
    open = true;
  }

  /** Nothing is committed any more; those that wait are refused. */
  void shut() {
    open = false;
    Durability ended = durability;
    durability = Durability.NONE;
    ended.close();
  }

  Durability durability() {
    return durability;
  }

  private boolean mayCommit() {
    Lease held = lease;
    return open && held != null && held.isHeld();
  }

  @Override
  public void beforeCommit(String database) throws IOException {
    if (!mayCommit()) {
      throw new IOException("this node is not the primary; write there");
    }
    if (!beforeRefused.containsKey(database)) {
      durability.check(database);
    }
  }

  @Override
  public void afterCommit(Database database, Position position) throws IOException {
    Long before = beforeRefused.get(database.name());
    if (before == null || before != position.checksum()) {
      try {
        durability.await(database, position, beforeWait);
      } catch (IOException e) {
        LogEntry last = database.log().last();
        if (last != null) {
          beforeRefused.putIfAbsent(database.name(), last.before().checksum());
        }
        throw e;
      }
    }
    // Last: what others have counts only while this node is the primary.
    if (!mayCommit()) {
      throw new IOException(
          "the lease ran out while " + position + " was committed; it is taken back");
    }
    if (before != null) {
      beforeRefused.remove(database.name());
    }
  }
}
