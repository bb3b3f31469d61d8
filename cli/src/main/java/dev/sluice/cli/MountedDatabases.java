package dev.sluice.cli;

import dev.sluice.apply.ReplicaOptions;
import dev.sluice.apply.ReplicaWriter;
import dev.sluice.capture.Capture;
import dev.sluice.connection.ConnectionBusyException;
import dev.sluice.follow.Follower.ReplicaFiles;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The databases in a mount, for a node that follows or changes its role. While a replica writer has
 * one, applications that want to write wait in their busy time-out, and capture lets the writer
 * pass. Between one role and the next the writers are held here, so that nobody's commit has to be
 * refused with an error. Safe for use by many threads.
 *
 * <pre>
 *   primary ──hold──► held ──open──► follower ──giveBack──► held ──close──► primary
 * </pre>
 */
final class MountedDatabases implements ReplicaFiles, Closeable {
  private static final Logger log = LoggerFactory.getLogger(MountedDatabases.class);

  private final Path mountPoint;
  private final Capture capture;
  private final Map<String, ReplicaWriter> held = new ConcurrentHashMap<>();

  /** Those that capture leaves to a replica writer. */
  private final Set<String> followed = ConcurrentHashMap.newKeySet();

  MountedDatabases(Path mountPoint, Capture capture) {
    this.mountPoint = mountPoint;
    this.capture = capture;
  }

  /**
   * Keeps applications from writing to any database, as soon as those that do have committed.
   *
   * @throws ConnectionBusyException when one does not end its transaction in time
   */
  void hold(Databases databases, long deadlineNanos) throws IOException {
    for (Database database : databases.all()) {
      if (!database.position().equals(Position.NONE) && database.pageCount() > 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        ReplicaOptions options =
            new ReplicaOptions(
                (int) Math.max(0, left),
                ReplicaOptions.DEFAULT.checkpointPages(),
                ReplicaOptions.DEFAULT.sync());
        held.put(database.name(), ReplicaWriter.open(file(database.name()), options));
        capture.settleNow(database.name());
      }
    }
  }

  @Override
  public Path file(String database) {
    return mountPoint.resolve(database);
  }

  @Override
  public ReplicaWriter open(String database) throws IOException {
    ReplicaWriter writer = held.remove(database);
    if (writer == null) {
      writer = openFile(database);
    }
    capture.follow(database);
    followed.add(database);
    return writer;
  }

  /**
   * A primary that lost its lease in the middle of a transaction leaves a journal. Its end would be
   * refused as a commit, if capture did not leave the database to the writer before.
   */
  private ReplicaWriter openFile(String database) throws IOException {
    boolean[] left = new boolean[1];
    try {
      return ReplicaWriter.open(
          file(database),
          ReplicaOptions.DEFAULT,
          () -> {
            capture.follow(database);
            left[0] = true;
          });
    } catch (IOException | RuntimeException e) {
      if (left[0]) {
        capture.lead(database);
      }
      throw e;
    }
  }

  @Override
  public void close(String database, ReplicaWriter writer) throws IOException {
    // First: what an application writes next is to be cut, or refused.
    if (followed.remove(database)) {
      capture.lead(database);
    }
    writer.close();
  }

  @Override
  public void giveBack(String database, ReplicaWriter writer) throws IOException {
    if (writer.isClosed()) {
      close(database, writer);
    } else {
      held.put(database, writer);
    }
  }

  /** Lets applications write to all that is held. */
  @Override
  public void close() {
    for (String database : List.copyOf(held.keySet())) {
      ReplicaWriter writer = held.remove(database);
      if (writer != null) {
        try {
          close(database, writer);
        } catch (IOException | RuntimeException e) {
          log.error("{}: {}", database, e.getMessage());
          log.debug("{}", database, e);
        }
      }
    }
  }
}
