package dev.sluice.examples.orders;

import dev.sluice.ltx.Position;
import dev.sluice.node.NodeClient;
import dev.sluice.node.WaitResult;
import dev.sluice.node.WaitResult.Outcome;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * Takes orders on the primary's mount and reads each of them back on the follower's.
 *
 * <pre>
 *   INSERT ─► primary's mount       position? ─► primary, HTTP
 *   SELECT ─► follower's mount  ◄── reached   ◄─ follower, HTTP: wait for that position
 * </pre>
 *
 * <p>Runs in a process of its own: a program must not open a mount that it serves itself.
 */
public final class OrderDesk implements AutoCloseable {
  private static final String DATABASE = "shop/app.db";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Connection counter;
  private final Path followerMount;
  private final NodeClient primary;
  private final NodeClient follower;

  private OrderDesk(
      Connection counter, Path followerMount, NodeClient primary, NodeClient follower) {
    this.counter = counter;
    this.followerMount = followerMount;
    this.primary = primary;
    this.follower = follower;
  }

  /** Opens the database on the primary's mount, which is made when it is not there. */
  static OrderDesk open(Path primaryMount, URI primary, Path followerMount, URI follower)
      throws IOException, SQLException {
    Path file = primaryMount.resolve(DATABASE);
    Files.createDirectories(file.resolveSibling("."));
    Connection counter = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = counter.createStatement()) {
      statement.execute("PRAGMA busy_timeout = 10000");
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL)");
    } catch (SQLException e) {
      counter.close();
      throw e;
    }
    return new OrderDesk(counter, followerMount, new NodeClient(primary), new NodeClient(follower));
  }

  /** Commits an order and returns its number. */
  long take(String item) throws SQLException {
    try (PreparedStatement insert =
        counter.prepareStatement("INSERT INTO orders (item) VALUES (?) RETURNING number")) {
      insert.setString(1, item);
      try (ResultSet row = insert.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** Where the database stands; asked after a commit, it covers that commit. */
  Position position() throws IOException {
    return primary.position(DATABASE);
  }

  /** Returns once readers on the follower see the position. */
  void await(Position wanted) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    WaitResult result = follower.await(DATABASE, wanted, PATIENCE);
    // The follower may not have heard yet of a database that was only just made.
    while (result.outcome() == Outcome.UNKNOWN_DATABASE && System.nanoTime() < deadline) {
      Thread.sleep(PAUSE.toMillis());
      result = follower.await(DATABASE, wanted, PATIENCE);
    }
    if (!result.reached()) {
      throw new IOException("the follower has not got " + wanted + ": " + result.outcome());
    }
  }

  /** What readers on the follower see of an order. */
  String read(long number) throws SQLException {
    String url = "jdbc:sqlite:file:" + followerMount.resolve(DATABASE).toUri().getRawPath();
    try (Connection reader = DriverManager.getConnection(url + "?mode=ro");
        PreparedStatement select =
            reader.prepareStatement("SELECT item FROM orders WHERE number = ?")) {
      select.setLong(1, number);
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          throw new SQLException("order " + number + " is not on the follower");
        }
        return row.getString(1);
      }
    }
  }

  @Override
  public void close() throws SQLException {
    counter.close();
  }

  /** Takes an order for every item on the command line. */
  public static void main(String[] args) throws IOException, SQLException, InterruptedException {
    if (args.length < 5) {
      System.err.println(
          "usage: OrderDesk PRIMARY_MOUNT PRIMARY_URL FOLLOWER_MOUNT FOLLOWER_URL ITEM...");
      System.exit(2);
    }
    try (OrderDesk desk =
        open(Path.of(args[0]), URI.create(args[1]), Path.of(args[2]), URI.create(args[3]))) {
      for (String item : List.of(args).subList(4, args.length)) {
        long number = desk.take(item);
        Position wanted = desk.position();
        long started = System.nanoTime();
        desk.await(wanted);
        double millis = (System.nanoTime() - started) / 1e6;
        System.out.printf(
            Locale.ROOT,
            "order %d: %s, at %s, on the follower %.1f ms later%n",
            number,
            desk.read(number),
            wanted,
            millis);
      }
    }
  }
}
