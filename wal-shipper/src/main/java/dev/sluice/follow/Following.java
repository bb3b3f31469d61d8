package dev.sluice.follow;

import dev.sluice.node.DatabaseStatus.FollowStatus;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What brings the databases of a node to where those elsewhere are. Safe for use by many threads.
 */
public interface Following extends Closeable {
  /** True while the other place answers. */
  boolean isConnected();

  /** True once everything is applied that was there when it answered first. */
  boolean isCaughtUp();

  /**
   * The database that was asked for and that is not there; null when there is none. It is asked for
   * again.
   */
  @Nullable String unknownDatabase();

  /** Has {@code action} run when there is such a database; at once when there is one already. */
  void onUnknownDatabase(Runnable action);

  /**
   * How far this node's clock is ahead of that of the node that it follows, in ms, as far as is
   * known.
   */
  default long clockOffsetMillis() {
    return 0;
  }

  /** How far a database has come; null when it is not followed. */
  @Nullable FollowStatus status(String database);

  /** What is wrong with a database; null when nothing is. */
  @Nullable String error(String database);

  /**
   * Reads a page of a database as readers of its file see it, for those who follow this node; zeros
   * where there is none.
   *
   * @param target takes as many bytes as remain in it
   */
  void readPage(String database, int pgno, ByteBuffer target) throws IOException;

  /** Follows no more, and gives its files back. */
  @Override
  void close();
}
