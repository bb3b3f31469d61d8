package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
