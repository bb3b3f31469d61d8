package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What Sluice wrote, read by the programs whose formats it uses; and disks that are full. */
class InteropTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  @Test
  void litestreamRestoresTheStore() throws Exception {
    Optional<Path> litestream = Run.find("litestream");
    assumeTrue(litestream.isPresent(), "there is no litestream");
    SluiceProcess primary = sandbox.primary();
    for (String mode : List.of("wal", "delete")) {
      String name = "shop/" + mode + ".db";
      Position position = load(primary, name, mode);
      Path restored = sandbox.path("restored-" + mode + ".db");
      sandbox.run(
          litestream.get(), "restore", "-o", restored, "file://" + sandbox.path("store/" + name));
      assertThat(SqliteFile.checksum(Files.readAllBytes(restored))).isEqualTo(position.checksum());
      assertThat(Files.readAllBytes(restored))
          .isEqualTo(SqliteFile.pages(sandbox.path("mnt").resolve(name)));
    }
  }

  @Test
  void ltxAcceptsEveryFile() throws Exception {
    Optional<Path> ltx = Run.find("ltx");
    assumeTrue(ltx.isPresent(), "there is no ltx");
    SluiceProcess primary = sandbox.primary();
    List<Object> command = new ArrayList<>(List.of(ltx.get(), "verify"));
    for (String mode : List.of("wal", "delete")) {
      String name = "shop/" + mode + ".db";
      load(primary, name, mode);
      try (Stream<Path> files = Files.walk(sandbox.path("store/" + name))) {
        command.addAll(files.filter(f -> f.toString().endsWith(".ltx")).sorted().toList());
      }
    }
    assertThat(command).hasSizeGreaterThan(4);
    sandbox.run(command.toArray());
  }

  private Position load(SluiceProcess primary, String name, String mode) throws Exception {
    Path file = sandbox.path("mnt").resolve(name);
    Files.createDirectories(sandbox.path("mnt/shop"));
    for (int i = 0; i < 4; i++) {
      Subprocess writer = sandbox.python("writer.py", file, mode, "normal", 0, i, 30);
      assertThat(writer.status()).isZero();
      sandbox.awaitShipped(primary.url(), name, sandbox.position(name));
    }
    sandbox.run("sqlite3", file, "DELETE FROM t WHERE i%3=0; VACUUM");
    sandbox.awaitShipped(primary.url(), name, sandbox.position(name));
    return sandbox.position(name);
  }

  /** The application gets an error, loses nothing that was committed, and can go on with space. */
  @Test
  void fullDisk() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can make a small disk");
    Path disk = Files.createDirectory(sandbox.path("data"));
    Process mounted =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk.toString())
            .start();
    assumeTrue(mounted.waitFor() == 0, "a small disk cannot be mounted here");
    for (String mode : List.of("wal", "delete", "persist")) {
      SluiceProcess primary = sandbox.primary();
      Path ballast = sandbox.path("mnt").resolve("ballast");
      Files.write(ballast, new byte[3 << 20]);
      Path file = sandbox.path("mnt").resolve(mode + ".db");
      // SQLite before 3.51 leaves frames of rolled-back savepoints without a checksum, and damages
      // its database on a full disk with them, without Sluice, too.
      String kind = "no-savepoints";
      Subprocess writer = sandbox.python("writer.py", file, mode, "normal", 0, 1, 100_000, kind);
      writer.status();
      List<String> said = writer.lines();
      assertThat(said.get(said.size() - 1)).startsWith("ended: ").matches(".*(full|I/O).*");
      long acknowledged = said.stream().filter(line -> line.startsWith("done ")).count();
      assertThat(primary.process().isAlive()).isTrue();
      Files.delete(ballast);
      writer = sandbox.python("writer.py", file, mode, "normal", 0, 2, 10, kind);
      assertThat(writer.status()).isZero();
      assertThat(writer.lines().get(writer.lines().size() - 1)).isNotEqualTo("ended");
      assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).isEqualTo("ok");
      assertThat(Long.parseLong(SqliteFile.query(file, "SELECT max(i) FROM t")))
          .isBetween(acknowledged + 10, acknowledged + 11);
      Position position = sandbox.position(mode + ".db");
      byte[] pages = SqliteFile.pages(file);
      assertThat(SqliteFile.checksum(pages)).isEqualTo(position.checksum());
      Path restored = sandbox.restore(primary.url(), mode + ".db", position);
      assertThat(Files.readAllBytes(restored)).isEqualTo(pages);
      Files.delete(file);
      primary.stop();
      // The log keeps what it has; the next mode begins with an empty disk.
      sandbox.run("sh", "-c", "rm -rf \"$1\"/* \"$1\"/.sluice", "sh", disk);
    }
  }
}
