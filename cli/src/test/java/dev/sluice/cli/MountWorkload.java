package dev.sluice.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * An application under a mount, in a process of its own: files first, then SQLite. Fails with an
 * exception at the first thing that is not as on any other filesystem.
 */
final class MountWorkload {
  static final int COMMITS = 100;

  private final Path mount;

  private MountWorkload(Path mount) {
    this.mount = mount;
  }

  /** Arguments: the mount point, and in the second process of the WAL part also its first row. */
  public static void main(String[] args) throws Exception {
    MountWorkload workload = new MountWorkload(Path.of(args[0]));
    if (args.length > 1) {
      workload.insert("wal.db", Integer.parseInt(args[1]));
      return;
    }
    workload.files();
    workload.positions();
    workload.wal();
    workload.rollback();
    System.out.println("the workload is done");
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }

  private void files() throws IOException {
    Path directory = Files.createDirectories(mount.resolve("a/b"));
    byte[] content = new byte[300_000];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) ((i * 31) >> 3);
    }
    Path file = Files.write(directory.resolve("f"), content);
    check(Arrays.equals(Files.readAllBytes(file), content), "a file reads as written");
    check(Files.size(file) == content.length, "its size");
    Path moved = Files.move(file, mount.resolve("a/ä"));
    check(Files.notExists(file) && Files.size(moved) == content.length, "a file moves");
    Files.createSymbolicLink(mount.resolve("a/l"), Path.of("ä"));
    check(Files.size(mount.resolve("a/l")) == content.length, "a symbolic link leads to it");
    try (Stream<Path> names = Files.list(mount.resolve("a"))) {
      check(
          names
              .map(n -> n.getFileName().toString())
              .sorted()
              .toList()
              .equals(List.of("b", "l", "ä")),
          "a directory has these names");
    }
    try (FileChannel channel =
        FileChannel.open(moved, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.truncate(1000);
      check(channel.size() == 1000 && Files.size(moved) == 1000, "a file is cut");
      channel.force(true);
      Files.delete(moved);
      ByteBuffer bytes = ByteBuffer.wrap("still here".getBytes(StandardCharsets.UTF_8));
      channel.write(bytes, 995);
      bytes.rewind();
      check(
          channel.read(bytes, 995) == bytes.capacity() && bytes.get(0) == 's',
          "a file without a name is written and read");
    }
    Files.delete(mount.resolve("a/l"));
    Files.delete(directory);
    Files.delete(mount.resolve("a"));
    check(Files.notExists(mount.resolve("a")), "everything is deleted");
  }

  private void positions() throws Exception {
    Path position = mount.resolve("wal.db-pos");
    check(Files.notExists(position), "no position without a database");
    try (Connection connection = open("wal.db");
        Statement statement = connection.createStatement()) {
      statement.execute("pragma journal_mode = wal");
      statement.execute("create table t (x integer primary key, y)");
      // Asked before, so a kernel that remembers would say there is none.
      String before = Files.readString(position);
      statement.execute("insert into t values (0, 'first')");
      String after = Files.readString(position);
      check(before.length() == 34 && after.length() == 34, "a position is a line of 34 bytes");
      check(before.compareTo(after) < 0, "a commit moves the position on");
    }
  }

  private void wal() throws Exception {
    Process other =
        new ProcessBuilder(
                Stream.concat(
                        TestJvm.command(MountWorkload.class).stream(),
                        Stream.of(mount.toString(), String.valueOf(1 + COMMITS)))
                    .toList())
            .inheritIO()
            .start();
    insert("wal.db", 1);
    check(other.waitFor() == 0, "the other process inserts");
    verify("wal.db", 1 + 2 * COMMITS);
  }

  private void rollback() throws SQLException {
    try (Connection connection = open("rollback.db");
        Statement statement = connection.createStatement()) {
      statement.execute("pragma journal_mode = delete");
      statement.execute("pragma mmap_size = 1000000");
      statement.execute("create table t (x integer primary key, y)");
    }
    insert("rollback.db", 0);
    try (Connection connection = open("rollback.db");
        Statement statement = connection.createStatement()) {
      statement.execute("pragma mmap_size = 1000000");
      statement.execute("pragma cache_size = 2");
      statement.execute("begin");
      statement.execute("update t set y = randomblob(3000)");
      statement.execute("rollback");
    }
    verify("rollback.db", COMMITS);
  }

  private void insert(String database, int first) throws SQLException {
    try (Connection connection = open(database);
        Statement statement = connection.createStatement()) {
      for (int i = first; i < first + COMMITS; i++) {
        statement.execute("insert into t values (" + i + ", hex(randomblob(200)))");
      }
    }
  }

  private void verify(String database, int rows) throws SQLException {
    check(describe(mount.resolve(database)).equals(sound(rows)), database + " is sound");
  }

  static String sound(int rows) {
    return "ok, rows: " + rows;
  }

  static String describe(Path database) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      try (ResultSet result =
          statement.executeQuery(
              "select (select integrity_check from pragma_integrity_check) || ', rows: ' || count(*) from t")) {
        result.next();
        return result.getString(1);
      }
    }
  }

  private Connection open(String database) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + mount.resolve(database));
    try (Statement statement = connection.createStatement()) {
      statement.execute("pragma busy_timeout = 30000");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }
}
