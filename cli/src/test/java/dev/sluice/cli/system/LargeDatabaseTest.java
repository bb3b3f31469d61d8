package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Databases with a page at 1 GiB, which SQLite never uses because its locks lie there. They take
 * long to write, so only with {@code SLUICE_CAMPAIGN} (scripts/campaign-large).
 */
class LargeDatabaseTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  @BeforeEach
  void onlyInACampaign() {
    assumeTrue(Campaign.rounds(0) > 0, "takes long: scripts/campaign-large runs it");
  }

  @ParameterizedTest
  @CsvSource({"delete, 4096", "wal, 4096", "delete, 65536", "wal, 65536"})
  void lockPage(String mode, int pageSize) throws Exception {
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    Path file = sandbox.path("mnt").resolve("large.db");
    sandbox.run(
        "sqlite3",
        file,
        "PRAGMA page_size=%d; PRAGMA journal_mode=%s; CREATE TABLE t(i INTEGER PRIMARY KEY, v)"
            .formatted(pageSize, mode));
    for (int i = 0; i < 4; i++) {
      sandbox.run(
          "sqlite3",
          file,
          "PRAGMA synchronous=OFF;",
          "INSERT INTO t VALUES(%d, zeroblob(268250000))".formatted(i));
    }
    compare(primary, follower, file);
    // Over the lock page, page by page, and back below it.
    sandbox.run(
        "sqlite3",
        file,
        "WITH RECURSIVE n(i) AS (VALUES(10) UNION ALL SELECT i+1 FROM n WHERE i<400)"
            + " INSERT INTO t SELECT i, hex(zeroblob(5000))||i FROM n;",
        "UPDATE t SET v=v||'x' WHERE i>9;",
        "PRAGMA wal_checkpoint(TRUNCATE);");
    assertThat(Files.size(file)).isGreaterThan(1L << 30);
    compare(primary, follower, file);
    sandbox.run("sqlite3", file, "DELETE FROM t WHERE i<3; VACUUM");
    compare(primary, follower, file);
  }

  private void compare(SluiceProcess primary, SluiceProcess follower, Path file) throws Exception {
    // Its last connection has brought the WAL into the file.
    Position position = sandbox.position("large.db");
    assertThat(checksum(file)).isEqualTo(Txid.format(position.checksum()));
    sandbox.await(follower.url(), "large.db", position);
    Path followed = sandbox.path("mnt2").resolve("large.db");
    assertThat(sandbox.run("sqlite3", followed, "SELECT count(*), sum(length(v)) FROM t"))
        .isEqualTo(sandbox.run("sqlite3", file, "SELECT count(*), sum(length(v)) FROM t"));
    Path restored = sandbox.restore(primary.url(), "large.db", position);
    assertThat(checksum(restored)).isEqualTo(Txid.format(position.checksum()));
    assertThat(Files.mismatch(file, restored)).isEqualTo(-1);
    Files.delete(restored);
  }

  private static String checksum(Path file) throws IOException {
    JsonNode sums = Run.sluice("ltx", "checksum", "--json", file).ok().json();
    return sums.findValue("checksum").asText();
  }
}
