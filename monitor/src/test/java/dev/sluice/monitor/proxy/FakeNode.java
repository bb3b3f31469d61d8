package dev.sluice.monitor.proxy;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus;
import dev.sluice.node.DatabaseStatus.FollowStatus;
import dev.sluice.node.EventLog;
import dev.sluice.node.NodeView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A node over real databases, whose state a test sets. The same commits lead to the same positions
 * on each: doing one here that was done there is replicating it.
 */
final class FakeNode implements NodeView, AutoCloseable {
  private final String id;
  private final Databases databases;
  private final EventLog events = new EventLog();
  volatile String role = "primary";
  volatile boolean connected = true;
  volatile boolean late;

  /** What the primary is known to have; null for what is here. */
  volatile @Nullable Position head;

  /** The name of the database that was captured last. */
  volatile @Nullable String captured;

  /** What an application has committed and nobody has seen yet; 0 for nothing. */
  volatile int lateValue;

  FakeNode(String id, Path directory) throws IOException {
    this.id = id;
    databases = Databases.open(directory);
  }

  /** Commits one page of {@code value}s to a database, which is made when it is not there. */
  Position commit(String name, int value) throws IOException {
    Database database = databases.open(name);
    database.commit(
        512,
        1,
        new int[] {1},
        1,
        (pgno, target) -> {
          while (target.hasRemaining()) {
            target.put((byte) value);
          }
        });
    return database.position();
  }

  Position position(String name) {
    return Objects.requireNonNull(databases.get(name)).position();
  }

  @Override
  public String nodeId() {
    return id;
  }

  @Override
  public String role() {
    return role;
  }

  @Override
  public @Nullable String notReady() {
    return null;
  }

  @Override
  public boolean connected() {
    return connected;
  }

  @Override
  public EventLog events() {
    return events;
  }

  @Override
  public Databases databases() {
    return databases;
  }

  @Override
  public List<DatabaseStatus> status() {
    return databases.all().stream().map(this::status).toList();
  }

  @Override
  public @Nullable DatabaseStatus status(String name) {
    Database database = databases.get(name);
    return database == null ? null : status(database);
  }

  private DatabaseStatus status(Database database) {
    Position known = head;
    return new DatabaseStatus(
        database.name(),
        database.position().toString(),
        database.applied().toString(),
        512,
        1,
        0,
        0,
        0,
        List.of(),
        role.equals("primary")
            ? null
            : new FollowStatus((known == null ? database.position() : known).toString(), 0, 0),
        null);
  }

  @Override
  public boolean capturesLate() {
    return late;
  }

  @Override
  public void captureNow(String database) throws IOException {
    captured = database;
    if (late && lateValue != 0) {
      int value = lateValue;
      lateValue = 0;
      commit(database, value);
    }
  }

  @Override
  public void close() {
    databases.close();
  }
}
