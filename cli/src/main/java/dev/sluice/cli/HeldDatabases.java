package dev.sluice.cli;

import dev.sluice.apply.ReplicaOptions;
import dev.sluice.apply.ReplicaWriter;
import dev.sluice.connection.ConnectionBusyException;
import dev.sluice.follow.Follower.ReplicaFiles;
import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a mount, of which a primary that hands over takes the locks of a writer, so that
 * applications wait in their busy time-out: no commit is refused. The follower that it becomes goes
 * on with the same locks. Safe for use by many threads.
 */
final class HeldDatabases implements ReplicaFiles {
  private static final Logger log = LoggerFactory.getLogger(HeldDatabases.class);

  private final ReplicaFiles files;
  private final Map<String, ReplicaWriter> held = new ConcurrentHashMap<>();

  HeldDatabases(ReplicaFiles files) {
    this.files = files;
  }

  /**
   * Takes the locks of all databases.
   *
   * @throws ConnectionBusyException when an application does not end its transaction in time
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
      }
    }
  }

  @Override
  public Path file(String database) {
    return files.file(database);
  }

  @Override
  public ReplicaWriter open(String database) throws IOException {
    ReplicaWriter writer = held.remove(database);
    return writer != null ? writer : files.open(database);
  }

  @Override
  public void reserved(String database) {
    files.reserved(database);
  }

  @Override
  public void released(String database) throws IOException {
    files.released(database);
  }

  /** Lets applications write again, where no follower has gone on. */
  void close() {
    held.keySet()
        .forEach(
            database -> {
              ReplicaWriter writer = held.remove(database);
              if (writer != null) {
                try {
                  writer.close();
                } catch (IOException e) {
                  log.warn("{}: {}", database, e.getMessage());
                }
              }
            });
  }
}
