package dev.sluice.apply;

import dev.sluice.sqlite.DatabaseHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A real SQLite database and the transactions it commits: from its WAL if it has one, otherwise as
 * the difference of its file.
 */
final class Primary implements AutoCloseable {
  private final Path database;
  private final Connection connection;
  private final Statement sql;
  private byte[] image = new byte[0];
  private Optional<WalHeader> walHeader = Optional.empty();
  private int frame;
  private long checksum;

  Primary(Path database, int pageSize) throws SQLException {
    this.database = database;
    connection = DriverManager.getConnection("jdbc:sqlite:" + database);
    sql = connection.createStatement();
    sql.execute("pragma page_size=" + pageSize);
    sql.execute("pragma synchronous=off");
    sql.execute("pragma wal_autocheckpoint=0");
  }

  /** Makes the tables whose every state readers can check: rows in t are as many as c says. */
  List<Transaction> setUp() throws Exception {
    return run(
        "create table t(id integer primary key, v)",
        "create index tv on t(v)",
        "create table c(n integer)",
        "insert into c values(0)");
  }

  /** One transaction that adds {@code rows} rows of {@code bytes} bytes. */
  List<Transaction> insert(int rows, int bytes) throws Exception {
    return run(
        "with recursive i(x) as (select 1 union all select x+1 from i where x<"
            + rows
            + ") insert into t(v) select randomblob("
            + bytes
            + ") from i",
        "update c set n=n+" + rows);
  }

  /** Runs statements in one transaction. */
  List<Transaction> run(String... statements) throws Exception {
    sql.execute("begin immediate");
    for (String statement : statements) {
      sql.execute(statement);
    }
    sql.execute("commit");
    return taken();
  }

  /** Runs a statement that cannot be part of a transaction. */
  List<Transaction> pragma(String statement) throws Exception {
    if (sql.execute(statement)) {
      // The statement commits when its result has been read.
      try (ResultSet result = sql.getResultSet()) {
        while (result.next()) {}
      }
    }
    return taken();
  }

  /** What was committed since the last call. */
  private List<Transaction> taken() throws IOException {
    List<Transaction> result = new ArrayList<>();
    Path wal = database.resolveSibling(database.getFileName() + "-wal");
    if (Files.exists(wal)) {
      try (FileChannel file = FileChannel.open(wal)) {
        takeFromWal(file, result);
      }
      if (!result.isEmpty()) {
        return result;
      }
    }
    byte[] now = Files.readAllBytes(database);
    if (!Files.exists(wal) || Files.size(wal) == 0) {
      takeDifference(now, result);
    }
    return result;
  }

  private void takeFromWal(FileChannel file, List<Transaction> result) throws IOException {
    Optional<WalReader> opened = WalReader.open(file::read);
    if (opened.isEmpty()) {
      return;
    }
    WalReader reader = opened.get();
    if (walHeader.equals(Optional.of(reader.header()))) {
      reader = WalReader.after(file::read, reader.header(), frame, checksum);
    }
    walHeader = Optional.of(reader.header());
    SortedMap<Integer, byte[]> pages = new TreeMap<>();
    while (reader.next()) {
      byte[] page = new byte[reader.header().pageSize()];
      reader.page().get(page);
      pages.put(reader.pgno(), page);
      if (reader.commit() != 0) {
        pages = pages.headMap(reader.commit() + 1);
        result.add(new Transaction(pages, reader.commit(), page.length));
        keep(pages, reader.commit(), page.length);
        pages = new TreeMap<>();
        frame = reader.frame();
        checksum = reader.checksum();
      }
    }
  }

  private void keep(SortedMap<Integer, byte[]> pages, int commit, int pageSize) {
    image = Arrays.copyOf(image, commit * pageSize);
    pages.forEach(
        (pgno, page) -> System.arraycopy(page, 0, image, (pgno - 1) * pageSize, pageSize));
  }

  private void takeDifference(byte[] now, List<Transaction> result) {
    if (Arrays.equals(now, image) || now.length == 0) {
      return;
    }
    int pageSize = pageSize(now);
    boolean isWhole = image.length == 0 || pageSize(image) != pageSize;
    SortedMap<Integer, byte[]> pages = new TreeMap<>();
    for (int at = 0; at < now.length; at += pageSize) {
      byte[] page = Arrays.copyOfRange(now, at, at + pageSize);
      boolean isOld = !isWhole && at + pageSize <= image.length;
      if (!isOld || !Arrays.equals(page, Arrays.copyOfRange(image, at, at + pageSize))) {
        pages.put(at / pageSize + 1, page);
      }
    }
    result.add(new Transaction(pages, now.length / pageSize, pageSize));
    image = now;
  }

  private static int pageSize(byte[] file) {
    return DatabaseHeader.parse(ByteBuffer.wrap(file)).orElseThrow().pageSize();
  }

  /** The bytes of the database as last committed. */
  byte[] image() {
    return image.clone();
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
