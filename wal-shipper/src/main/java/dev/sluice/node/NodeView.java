package dev.sluice.node;

import dev.sluice.access.Access;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A running node, for whoever shows it. Safe for use by many threads. */
public interface NodeView {
  /** Made once for a data directory: 16 hex digits. */
  String nodeId();

  /** {@code primary}, {@code follower} or, in a cluster without a primary, {@code standby}. */
  String role();

  /** Of the term of the primary, as far as this node knows; 0 without a lease. */
  default long epoch() {
    return 0;
  }

  /** The cluster that the node is part of; null when it is part of none. */
  default @Nullable ClusterView cluster() {
    return null;
  }

  /** The proxy before the application of this node; null without one. */
  default @Nullable ProxyAddress proxy() {
    return null;
  }

  /**
   * Null when the node serves and, on a follower, has caught up once; otherwise what it waits for.
   */
  @Nullable String notReady();

  /** Whether a follower is connected to its primary; true on a primary. */
  boolean connected();

  /**
   * How far the clock of this node is ahead of that of the node that it follows, in ms, as far as
   * is known; 0 on a primary.
   */
  default long clockOffsetMillis() {
    return 0;
  }

  /** Bytes that are free on the disk of the data directory; -1 when that is not known. */
  default long freeDiskBytes() {
    return -1;
  }

  Databases databases();

  /** All databases, by name. */
  List<DatabaseStatus> status();

  /** The same as it was some seconds ago at most, which costs less where there are thousands. */
  default List<DatabaseStatus> recentStatus() {
    return status();
  }

  /** One database, or null when it is unknown. */
  @Nullable DatabaseStatus status(String database);

  /** What has happened on the node. */
  EventLog events();

  /** What is wrong with the node itself; empty when nothing is. */
  default List<HealthProblem> health() {
    return List.of();
  }

  /**
   * Requests of the kernel that the mount has answered, of one operation.
   *
   * @param nanos the time from reading a request to having answered it, of all of them
   */
  record FuseRequests(String operation, long count, long nanos) {}

  /** What the mount has answered, by operation; empty without a mount. */
  default List<FuseRequests> fuseRequests() {
    return List.of();
  }

  /** Bytes of the heap that the threads which serve the mount have allocated; 0 without a mount. */
  default long fuseAllocatedBytes() {
    return 0;
  }

  /** What each store was asked, all databases together; empty without a store. */
  default List<StoreUsage> storeUsage() {
    return List.of();
  }

  /**
   * Other nodes that this one knows: those of its cluster, the one it follows, and those that
   * follow it.
   */
  default List<NodePeer> peers() {
    return List.of();
  }

  /** How this node asks others. */
  default Access access() {
    return Access.none();
  }

  /**
   * What the stores can restore of a database; empty without a store. Lists each of them, and
   * blocks meanwhile.
   */
  default List<BackupStatus> backups(String database) {
    return List.of();
  }

  /**
   * Whether commits are seen only a moment after they have happened, unless {@link #captureNow} is
   * called.
   */
  default boolean capturesLate() {
    return false;
  }

  /**
   * Captures what applications have committed to {@code database} so far, so that a position asked
   * for next covers it. Nothing to do where every commit is seen as it happens.
   */
  default void captureNow(String database) throws IOException {}

  /**
   * Ships what is committed to {@code database} now.
   *
   * @return completes with the position that all of its stores have; exceptionally, with the cause
   *     {@link IOException}, when one does not take it; null when the node has no store for it
   */
  default @Nullable CompletableFuture<Position> sync(Database database) {
    return null;
  }

  /** Has a snapshot put into the stores of {@code database}; as {@link #sync}. */
  default @Nullable CompletableFuture<Position> snapshot(Database database) {
    return null;
  }
}
