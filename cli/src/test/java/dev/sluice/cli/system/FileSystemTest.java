package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The mount behaves as the directory below it would, to programs that know nothing of it. */
class FileSystemTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** The same operations in both, one directory after the other: same results, same errors. */
  @Test
  void mannersOfANativeDirectory() throws Exception {
    sandbox.primary();
    Path plain = Files.createDirectory(sandbox.path("native"));
    Subprocess script = sandbox.python("filesystem.py", plain, sandbox.path("mnt"));
    assertThat(script.status()).as(script.toString()).isZero();
  }

  /** What a page cache of SQLite's own or a memory map holds is what others have committed. */
  @Test
  void memoryMappedDatabase() throws Exception {
    sandbox.primary();
    Path file = sandbox.path("mnt").resolve("mapped.db");
    for (String mode : new String[] {"wal", "delete"}) {
      sandbox.run(
          "sqlite3",
          file,
          "PRAGMA journal_mode=" + mode + ";",
          "PRAGMA mmap_size=10000000; CREATE TABLE IF NOT EXISTS t(x);",
          "INSERT INTO t SELECT hex(zeroblob(1000)) FROM generate_series(1, 300);");
      Subprocess reader = sandbox.python("statements.py", file);
      reader.send("open\t1\t");
      reader.nextLine();
      reader.send("sql\t1\tPRAGMA mmap_size=10000000");
      reader.nextLine();
      for (int i = 0; i < 20; i++) {
        String expected =
            sandbox.run(
                "sqlite3", file, "UPDATE t SET x=x||" + i + "; SELECT sum(length(x)) FROM t");
        reader.send("sql\t1\tSELECT sum(length(x)) FROM t");
        assertThat(reader.nextLine()).as(mode).isEqualTo(expected);
      }
      reader.process().getOutputStream().close();
      assertThat(reader.status()).isZero();
      Position position = sandbox.position("mapped.db");
      assertThat(SqliteFile.checksum(SqliteFile.pages(file))).isEqualTo(position.checksum());
    }
  }

  /** A main file can go before its WAL, and a WAL can come before its main file. */
  @Test
  void walWithoutItsDatabase() throws Exception {
    sandbox.primary();
    Path mnt = sandbox.path("mnt");
    Subprocess writer = sandbox.python("statements.py", mnt.resolve("a.db"));
    writer.send("open\t1\t");
    writer.nextLine();
    for (String sql :
        new String[] {
          "PRAGMA journal_mode=wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES('in the wal')"
        }) {
      writer.send("sql\t1\t" + sql);
      writer.nextLine();
    }
    // The order of the copies, and whether what was copied before has been cut in between.
    String[][] orders = {{"", "-wal"}, {"-wal", ""}};
    int copy = 0;
    for (String[] order : orders) {
      for (String pause : new String[] {"0", "0.3"}) {
        String name = "copy" + copy++ + ".db";
        Path file = mnt.resolve(name);
        for (int round = 0; round < 2; round++) {
          for (String suffix : order) {
            sandbox.run("cp", mnt.resolve("a.db" + suffix), file + suffix);
            sandbox.run("sleep", pause);
          }
          sandbox.run("sleep", "0.5");
          // Taken before SQLite has opened it: what it would see.
          Position position = sandbox.position(name);
          assertThat(sandbox.run("sqlite3", file, "SELECT x FROM t; PRAGMA wal_checkpoint"))
              .as(name)
              .startsWith("in the wal");
          assertThat(SqliteFile.checksum(SqliteFile.pages(file)))
              .as(name)
              .isEqualTo(position.checksum());
          assertThat(sandbox.position(name)).as(name).isEqualTo(position);
          sandbox.run("cp", mnt.resolve("a.db-wal"), file + "-wal");
          sandbox.run("rm", file);
          sandbox.run("cp", mnt.resolve("a.db-wal"), file + "-wal");
          sandbox.run("rm", file + "-wal");
          assertThat(sandbox.position(name).checksum()).as(name).isEqualTo(1L << 63);
        }
      }
    }
  }

  /** Longer than one file name can be; the state of a database has a name of its own below DATA. */
  @Test
  void databaseDeepBelow() throws Exception {
    SluiceProcess primary = sandbox.primary();
    String directory = ("d".repeat(100) + '/').repeat(3);
    Files.createDirectories(sandbox.path("mnt").resolve(directory));
    String name = directory + "app.db";
    Path file = sandbox.path("mnt").resolve(name);
    sandbox.run("sqlite3", file, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
    Position position = sandbox.position(name);
    Path restored = sandbox.restore(primary.url(), name, position);
    assertThat(SqliteFile.checksum(SqliteFile.pages(restored))).isEqualTo(position.checksum());
    primary.stop();
    sandbox.primary();
    assertThat(sandbox.position(name)).isEqualTo(position);
  }

  /** SQLITE_FCNTL_CHUNK_SIZE makes the file longer than the database in it. */
  @Test
  void fileThatGrowsInChunks() throws Exception {
    SluiceProcess primary = sandbox.primary();
    Path file = sandbox.path("mnt").resolve("chunks.db");
    for (String mode : new String[] {"delete", "wal"}) {
      // The WAL is deleted when the last connection closes.
      sandbox.run(
          "sqlite3",
          file,
          ".filectrl chunk_size 65536",
          "PRAGMA journal_mode=" + mode + "; CREATE TABLE " + mode + "_t(x);");
      assertThat(Files.size(file)).isEqualTo(65536);
      Position position = sandbox.position("chunks.db");
      assertThat(SqliteFile.checksum(SqliteFile.pages(file)))
          .as(mode)
          .isEqualTo(position.checksum());
      assertThat(SqliteFile.pages(sandbox.restore(primary.url(), "chunks.db", position)))
          .isEqualTo(SqliteFile.pages(file));
    }
    // Without a journal, and with the file open all the time.
    Subprocess writer = sandbox.python("statements.py", file);
    writer.send("open\t1\t");
    writer.nextLine();
    Position before = sandbox.position("chunks.db");
    for (String sql :
        new String[] {
          "PRAGMA journal_mode=delete",
          "PRAGMA journal_mode=memory",
          "INSERT INTO wal_t VALUES('memory')"
        }) {
      writer.send("sql\t1\t" + sql);
      writer.nextLine();
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Subprocess.LIMIT_SECONDS);
    long checksum = SqliteFile.checksum(SqliteFile.pages(file));
    assertThat(checksum).isNotEqualTo(before.checksum());
    while (sandbox.position("chunks.db").checksum() != checksum && System.nanoTime() < deadline) {
      Thread.sleep(20);
    }
    assertThat(sandbox.position("chunks.db").checksum()).isEqualTo(checksum);
  }
}
