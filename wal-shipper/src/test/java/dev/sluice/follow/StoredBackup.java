package dev.sluice.follow;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.Position;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreLayout;
import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PutCondition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A real SQLite database and its backup, put by hand: which files there are, the test says. Each
 * statement is a transaction.
 */
final class StoredBackup implements AutoCloseable {
  private final ObjectStore store;
  private final StoreLayout layout;
  private final boolean positions;
  private final Path file;
  private final Connection connection;
  private final Statement sql;
  private final Databases databases;
  private final Database database;

  /**
   * @param positions whether files are put with their positions, as Sluice does and Litestream does
   *     not
   */
  StoredBackup(Path directory, ObjectStore store, StoreLayout layout, boolean positions)
      throws IOException, SQLException {
    this.store = store;
    this.layout = layout;
    this.positions = positions;
    file = Files.createDirectories(directory).resolve("source.db");
    connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    sql = connection.createStatement();
    databases = Databases.open(directory.resolve("state/db"));
    database = databases.open("source.db");
  }

  Position position() {
    return database.position();
  }

  /** The database as it is now. */
  byte[] image() throws IOException {
    return Files.readAllBytes(file);
  }

  /** Commits a transaction, which is not put yet. */
  void commit(String statement) throws IOException, SQLException {
    sql.execute(statement);
    byte[] image = image();
    DatabaseHeader header =
        DatabaseHeader.parse(ByteBuffer.wrap(image, 0, DatabaseHeader.SIZE)).orElseThrow();
    int size = header.pageSize();
    int pages = image.length / size;
    database.commit(
        size,
        pages,
        IntStream.rangeClosed(1, pages).toArray(),
        pages,
        (pgno, target) -> target.put(image, (pgno - 1) * size, size));
  }

  /** Commits a transaction and puts it to level 0. */
  void transaction(String statement) throws IOException, SQLException {
    commit(statement);
    put(0, position().txid(), position().txid());
  }

  /** Puts a file with some transactions. */
  void put(int level, long min, long max) throws IOException {
    List<LtxFile> inputs = new ArrayList<>();
    for (long txid = min; txid <= max; txid++) {
      inputs.add(LtxFile.open(database.log().source(entry(txid)), "log"));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxCompactor.compact(inputs, sink(bytes), new LtxCompactor.Options(true, 1));
    put(level, min, entry(max), bytes);
  }

  /** Puts all of the database as it is now. */
  void snapshot() throws IOException {
    byte[] image = image();
    LogEntry last = entry(position().txid());
    int size = last.header().pageSize();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(
        LtxHeader.snapshot(size, image.length / size, position().txid(), 1).withoutChecksum(),
        sink(bytes));
    for (int pgno = 1; pgno <= image.length / size; pgno++) {
      encoder.page(pgno, ByteBuffer.wrap(image, (pgno - 1) * size, size));
    }
    encoder.finish(0);
    put(StoreLayout.SNAPSHOT_LEVEL, 1, last, bytes);
  }

  private void put(int level, long min, LogEntry last, ByteArrayOutputStream bytes)
      throws IOException {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(
        ObjectStore.TIMESTAMP, Instant.ofEpochMilli(last.header().timestampMillis()).toString());
    if (positions) {
      metadata.put(Restore.POSITION, last.position().toString());
    }
    store.put(
        key(level, min, last.maxTxid()),
        ByteSource.of(bytes.toByteArray()),
        metadata,
        PutCondition.IF_ABSENT);
  }

  private LogEntry entry(long txid) {
    return database.log().after(txid - 1, 1).get(0);
  }

  String key(int level, long min, long max) {
    return layout.key(level, new LtxFileName(min, max));
  }

  /** Deletes a file. */
  void delete(int level, long min, long max) throws IOException {
    store.delete(List.of(key(level, min, max)));
  }

  /** Deletes all that is in the store. */
  void wipe() throws IOException {
    List<String> keys;
    try (Stream<ObjectInfo> objects = store.list(layout.prefix(), "")) {
      keys = objects.map(ObjectInfo::key).toList();
    }
    store.delete(keys);
  }

  /** Merges what level 0 has of these transactions to level 1, and deletes it. */
  void compact(long min, long max) throws IOException {
    put(1, min, max);
    for (long txid = min; txid <= max; txid++) {
      delete(0, txid, txid);
    }
  }

  /** Changes a bit in the middle of a file. */
  void damage(String key) throws IOException {
    byte[] bytes;
    try (InputStream in = store.get(key, ByteRange.ALL)) {
      bytes = in.readAllBytes();
    }
    bytes[bytes.length / 2] ^= 1;
    Map<String, String> metadata = store.head(key).orElseThrow().metadata();
    store.put(key, ByteSource.of(bytes), metadata, PutCondition.NONE);
  }

  private static LtxSink sink(ByteArrayOutputStream bytes) {
    return buffer -> {
      byte[] chunk = new byte[buffer.remaining()];
      buffer.get(chunk);
      bytes.writeBytes(chunk);
    };
  }

  @Override
  public void close() throws SQLException {
    databases.close();
    connection.close();
  }
}
