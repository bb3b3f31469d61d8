package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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

  private Path config() throws Exception {
    Path file = directory.resolve("sluice.yml");
    return Files.writeString(
        file, "data: data\nstore: file://" + directory.resolve("backups") + "\n");
  }

  @Test
  void restoresByNameToWhereTheDatabaseBelongs() throws Exception {
    Path configured = directory.resolve("data/app.db");
    Run.sluice("restore", "--config", config(), "app.db").ok();
    assertThat(configured).hasSameBinaryContentAs(database);
    Files.writeString(configured, "precious");
    assertThat(Run.sluice("restore", "--config", config(), "app.db").status()).isEqualTo(1);
    Run.sluice("restore", "--config", config(), configured, "--if-db-not-exists").ok();
    assertThat(configured).hasContent("precious");
    Run.sluice("restore", "--config", config(), configured, "-o", out, "--replica", "1").ok();
    assertThat(out).hasSameBinaryContentAs(database);
    assertThat(Run.sluice("restore", "--config", config(), "app.db", "--replica", "2").err())
        .contains("--replica 2: there are [" + url + "]");
    assertThat(Run.sluice("restore", url).err()).contains("add -o OUT");
  }

  @Test
  void aMissingBackupIsNoErrorWhereThatIsAskedFor() {
    Run none = Run.sluice("restore", url + "x", "-o", out);
    assertThat(none.status()).isEqualTo(ExitStatus.NOT_RESTORABLE);
    assertThat(Run.sluice("restore", url + "x", "-o", out, "--if-replica-exists").ok().out())
        .isEmpty();
    assertThat(Run.sluice("restore", url, "-o", out, "--if-replica-exists", "--txid", "1").status())
        .isEqualTo(ExitStatus.NOT_RESTORABLE);
    assertThat(out).doesNotExist();
  }

  @Test
  void saysWhatItWouldDo() throws Exception {
    assertThat(Run.sluice("restore", url, "-o", out, "--dry-run").ok().lines())
        .startsWith(out + " would be restored from " + url, "  txid       0000000000000012")
        .contains("  size       8.2 kB");
    JsonNode plan = Run.sluice("restore", url, "-o", out, "--dry-run", "--json").ok().json();
    assertThat(plan.get("sizeBytes").longValue()).isEqualTo(8192);
    assertThat(plan.get("files")).hasSize(1);
    assertThat(out).doesNotExist();
  }

  @Test
  void printsJson() throws Exception {
    JsonNode result =
        Run.sluice("restore", url, "-o", out, "--json", "--parallelism", "3").ok().json();
    assertThat(result.get("output").textValue()).isEqualTo(out.toString());
    assertThat(result.get("position").textValue()).startsWith("0000000000000012/");
    assertThat(result.get("pages").intValue()).isEqualTo(2);
    assertThat(Run.sluice("restore", url, "-o", out, "--parallelism", "99").status()).isEqualTo(2);
  }

  @Test
  void sqliteLooksAtTheResultWhenAskedTo() throws Exception {
    Run.sluice("restore", url, "-o", out, "--integrity-check", "full").ok();
    assertThat(out).hasSameBinaryContentAs(database);

    byte[] bytes = Files.readAllBytes(database);
    bytes[4096 + 3] = 77; // Cells of the table's root page, as its header counts them.
    Files.write(database, bytes);
    Path file = directory.resolve("backups/app.db/ltx/9/0000000000000001-0000000000000013.ltx");
    Run.sluice("ltx", "encode", "--no-checksum", "--txid", "13", database, file).ok();
    Run.sluice("restore", url, "-o", out, "--force").ok();
    Run full = Run.sluice("restore", url, "-o", out, "--force", "--integrity-check", "full");
    assertThat(full.status()).isEqualTo(ExitStatus.DAMAGED);
    assertThat(full.err()).contains("SQLite finds it damaged");
    Run verify = Run.sluice("verify", url, "--scratch", directory);
    assertThat(verify.status()).isEqualTo(ExitStatus.DAMAGED);
    Run.sluice("verify", url, "--scratch", directory, "--txid", "12").ok();
  }

  @Test
  void verifies() throws Exception {
    assertThat(Run.sluice("verify", url, "--scratch", directory).ok().lines())
        .startsWith(url + " is sound");
    assertThat(Run.sluice("verify", url, "--json").ok().json().get("gaps")).isEmpty();
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("app.db", "backups");

    Path file = directory.resolve("backups/app.db/ltx/9/0000000000000001-0000000000000012.ltx");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertThat(Run.sluice("verify", url).status()).isEqualTo(ExitStatus.DAMAGED);
    assertThat(Run.sluice("verify", url + "x").status()).isEqualTo(ExitStatus.NOT_RESTORABLE);
  }

  @Test
  void showsBackups() throws Exception {
    assertThat(Run.sluice("backups", url).ok().lines())
        .startsWith(url)
        .anyMatch(line -> line.startsWith("  to         0000000000000012 ("))
        .anyMatch(line -> line.startsWith("9          1"));
    JsonNode shown = Run.sluice("backups", url, "--json").ok().json();
    assertThat(shown.get("states").intValue()).isEqualTo(1);
    assertThat(shown.get("newestRestorable").booleanValue()).isTrue();

    Path level = Files.createDirectories(directory.resolve("backups/app.db/ltx/0"));
    Files.copy(
        directory.resolve("backups/app.db/ltx/9/0000000000000001-0000000000000012.ltx"),
        level.resolve("0000000000000021-0000000000000022.ltx"));
    Run gap = Run.sluice("backups", url);
    assertThat(gap.status()).isEqualTo(ExitStatus.INCOMPLETE);
    assertThat(gap.out())
        .contains("GAP: transactions 0000000000000013 to 0000000000000020 are missing");
    assertThat(Run.sluice("backups", url + "x").status()).isEqualTo(ExitStatus.NOT_RESTORABLE);
  }
}
