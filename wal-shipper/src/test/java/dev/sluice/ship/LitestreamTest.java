package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.PageModel;
import dev.sluice.log.PageReader;
import dev.sluice.log.Snapshots;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.Restore;
import dev.sluice.restore.RestoreOptions;
import dev.sluice.restore.RestorePoint;
import dev.sluice.restore.RestoreTarget;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.Shipper.LogLimits;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Litestream and Sluice on one replica, in turns. */
@SuppressWarnings("NullAway") // JUnit sets the fields.
@Timeout(180)
final class LitestreamTest {
  private static final StoreLayout LAYOUT = StoreLayout.of("file", "");
  private static final int LIMIT_SECONDS = 60;

  @TempDir private Path directory;
  private Path litestream;
  private ObjectStore store;
  private Databases databases;
  private Database database;
  private PageReader pages;

  @BeforeEach
  void open() throws IOException {
    litestream =
        Stream.concat(
                Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
                    .map(Path::of),
                Stream.of(Path.of(System.getProperty("user.home"), "go", "bin")))
            .map(path -> path.resolve("litestream"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(litestream != null, "there is no litestream");
    store = new DirectoryStore(directory.resolve("replica"));
  }

  @AfterEach
  void close() throws IOException {
    if (databases != null) {
      databases.close();
    }
    if (store != null) {
      store.close();
    }
  }

  private void openState(Clock clock) throws IOException {
    databases = Databases.open(directory.resolve("state/db"), clock);
    database = databases.open("app.db");
  }

  private Shipper shipper(Clock clock) {
    return new Shipper(
        "0123456789abcdef",
        databases,
        name -> List.of(new Destination(store, LAYOUT, "replica", "replica")),
        new Snapshots(directory.resolve("tmp"), (name, pgno, target) -> pages.read(pgno, target)),
        new ShippingPolicy(
            Duration.ofDays(1000),
            ShippingPolicy.DEFAULT.levels(),
            Duration.ofHours(24),
            Duration.ofHours(24),
            Duration.ofMinutes(5)),
        new LogLimits(0, 1 << 30),
        clock,
        false);
  }

  private void run(Object... command) throws Exception {
    Path log = directory.resolve("litestream.log");
    Process process =
        new ProcessBuilder(Stream.of(command).map(String::valueOf).toList())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    String said = Files.readString(log, StandardCharsets.UTF_8);
    assertThat(ended).as(said).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
  }

  /** What Litestream's restore gives; what Sluice's gives is the same. */
  private byte[] restored(RestoreTarget target, Object... options) throws Exception {
    Path theirs = directory.resolve("theirs.db");
    Files.deleteIfExists(theirs);
    List<Object> command = new ArrayList<>(List.of(litestream, "restore", "-o", theirs));
    command.addAll(List.of(options));
    command.add("file://" + directory.resolve("replica"));
    run(command.toArray());
    Path ours = directory.resolve("ours.db");
    Restore.run(store, LAYOUT, RestoreOptions.DEFAULT.withForce(true).withTarget(target), ours);
    byte[] bytes = Files.readAllBytes(theirs);
    assertThat(Files.readAllBytes(ours)).as(target.toString()).isEqualTo(bytes);
    return bytes;
  }

  private List<RestorePoint> points() throws IOException {
    return StoreListing.read(store, LAYOUT).restorePoints();
  }

  @Test
  void restoresWhatWasMergedAndExpired() throws Exception {
    MovedClock clock = new MovedClock();
    openState(clock);
    PageModel model = new PageModel(11, 4096);
    pages = model::read;
    NavigableMap<Long, byte[]> history = new TreeMap<>();
    try (Shipper shipper = shipper(clock)) {
      for (int hour = 0; hour < 52; hour++) {
        for (int i = 0; i < 2; i++) {
          model.commit(database, model.change());
          model.commit(database, model.change());
          assertThat(shipper.flush()).isTrue();
          history.put(database.position().txid(), model.bytes());
          clock.move(Duration.ofSeconds(20));
          shipper.maintain();
        }
        clock.move(Duration.ofMinutes(59));
        shipper.maintain();
      }
      assertThat(restored(RestoreTarget.LATEST)).isEqualTo(history.lastEntry().getValue());
      List<RestorePoint> points = points();
      for (int i = 0; i < points.size(); i += Math.max(1, points.size() / 6)) {
        long txid = points.get(i).txid();
        assertThat(restored(RestoreTarget.txid(txid), "-txid", Txid.format(txid)))
            .isEqualTo(history.get(txid));
      }
      Instant since = clock.instant().minus(Duration.ofHours(24));
      for (Instant at = since; at.isBefore(clock.instant()); at = at.plus(Duration.ofHours(5))) {
        // Neither of the two gives the instant itself alike.
        Instant time = at.plusMillis(1);
        restored(RestoreTarget.time(time), "-timestamp", time.toString());
      }
    }
    assertThat(restored(RestoreTarget.LATEST)).isEqualTo(history.lastEntry().getValue());
  }

  private Connection sqlite() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("app.db"));
  }

  private void write(int rows) throws SQLException {
    try (Connection connection = sqlite();
        Statement sql = connection.createStatement()) {
      sql.execute("PRAGMA journal_mode=wal");
      sql.execute("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b TEXT)");
      for (int i = 0; i < rows; i++) {
        sql.execute("INSERT INTO t(b) VALUES(hex(randomblob(500)))");
      }
      sql.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  }

  /** Commits what the file holds now, as a capture does. */
  private byte[] capture() throws IOException {
    byte[] file = Files.readAllBytes(directory.resolve("app.db"));
    int size = ByteBuffer.wrap(file).getShort(16) & 0xffff;
    int pageSize = size == 1 ? 65_536 : size;
    pages = (pgno, target) -> target.put(file, (pgno - 1) * pageSize, pageSize);
    int[] all = new int[file.length / pageSize];
    Arrays.setAll(all, i -> i + 1);
    database.commit(pageSize, all.length, all, all.length, pages);
    return file;
  }

  private void replicateOnce() throws Exception {
    run(
        litestream,
        "replicate",
        "-once",
        directory.resolve("app.db"),
        "file://" + directory.resolve("replica"));
    // What it leaves in the WAL belongs to the state.
    try (Connection connection = sqlite();
        Statement sql = connection.createStatement()) {
      sql.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  }

  @Test
  void takesTurnsWithLitestream() throws Exception {
    Map<Long, byte[]> history = new TreeMap<>();
    write(20);
    replicateOnce();
    write(20);
    replicateOnce();
    for (RestorePoint point : points()) {
      history.put(
          point.txid(),
          restored(RestoreTarget.txid(point.txid()), "-txid", Txid.format(point.txid())));
    }
    assertThat(history).isNotEmpty();
    for (int round = 0; round < 2; round++) {
      if (databases == null) {
        openState(Clock.systemUTC());
      }
      long theirs = points().get(points().size() - 1).txid();
      try (Shipper shipper = shipper(Clock.systemUTC())) {
        for (int i = 0; i < 3; i++) {
          write(5);
          byte[] file = capture();
          assertThat(shipper.flush()).as(() -> shipper.error("app.db")).isTrue();
          assertThat(database.position().txid()).isGreaterThan(theirs);
          history.put(database.position().txid(), file);
        }
        write(5);
        capture();
        write(5);
        history.put(database.position().txid() + 1, capture());
      }
      assertThat(restored(RestoreTarget.LATEST)).isEqualTo(capture());
      for (Map.Entry<Long, byte[]> state : history.entrySet()) {
        assertThat(
                restored(RestoreTarget.txid(state.getKey()), "-txid", Txid.format(state.getKey())))
            .as(Txid.format(state.getKey()))
            .isEqualTo(state.getValue());
      }
      // Litestream goes on, without what it knew before.
      deleteLocalState();
      write(20);
      long ours = points().get(points().size() - 1).txid();
      replicateOnce();
      List<RestorePoint> points = points();
      assertThat(points.get(points.size() - 1).txid()).isGreaterThan(ours);
      long txid = points.get(points.size() - 1).txid();
      history.put(txid, restored(RestoreTarget.LATEST));
    }
  }

  private void deleteLocalState() throws IOException {
    Path local = directory.resolve(".app.db-litestream");
    if (Files.exists(local)) {
      try (Stream<Path> files = Files.walk(local)) {
        for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
