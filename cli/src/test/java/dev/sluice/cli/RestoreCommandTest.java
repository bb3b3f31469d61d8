package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreCommandTest {
  private final Path directory;
  private final Path database;
  private final Path out;
  private final String url;

  RestoreCommandTest(@TempDir Path directory) {
    this.directory = directory;
    database = directory.resolve("app.db");
    out = directory.resolve("out.db");
    url = "file://" + directory.resolve("backups/app.db");
  }

  @BeforeEach
  void backUp() throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE t(x)");
    }
    Path level = Files.createDirectories(directory.resolve("backups/app.db/ltx/9"));
    Path file = level.resolve("0000000000000001-0000000000000012.ltx");
    Run.sluice("ltx", "encode", "--no-checksum", "--txid", "12", database, file).ok();
  }

  @Test
  void restoresTheLatestState() throws Exception {
    String checksum = Run.sluice("ltx", "checksum", database).ok().lines().get(1).substring(0, 16);
    assertThat(Run.sluice("restore", url, "-o", out).ok().lines())
        .startsWith(
            out + " is restored",
            "  position   0000000000000012/"
                + checksum
                + " (the backup has no checksum to compare)")
        .contains("  size       8.2 kB, 2 pages of 4,096 bytes");
    assertThat(out).hasSameBinaryContentAs(database);
  }

  @Test
  void restoresAMoment() {
    Run.sluice("restore", url, "-o", out, "--txid", "12").ok();
    Run.sluice("restore", url, "-o", out, "--timestamp", "now", "--force").ok();
    Run run = Run.sluice("restore", url, "-o", out, "--txid", "11", "--force");
    assertThat(run.status()).isEqualTo(ExitStatus.NOT_RESTORABLE);
    assertThat(run.err())
        .contains("TXID 0000000000000011")
        .contains("nearest it can: 0000000000000012");
    Run both = Run.sluice("restore", url, "-o", out, "--txid", "11", "--timestamp", "now");
    assertThat(both.status()).isEqualTo(2);
    assertThat(both.err()).contains("mutually exclusive");
  }

  @Test
  void refusesWhatItCannotDo() throws Exception {
    Files.writeString(out, "precious");
    Run.sluice("restore", url, "-o", out)
        .fails(
            1,
            out
                + " exists; restore to another name, or stop what uses it and give --force to"
                + " replace it");
    assertThat(out).hasContent("precious");
    assertThat(Run.sluice("restore", "backups", "-o", out).err()).contains("file:///directory");
    assertThat(Run.sluice("restore", url, "-o", out, "--timestamp", "someday").err())
        .contains("'10 minutes ago'");
    assertThat(Run.sluice("restore", url + "x", "-o", out, "--force").err())
        .contains("no backup there");
  }
}
