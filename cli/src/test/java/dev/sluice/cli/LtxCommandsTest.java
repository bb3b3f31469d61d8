package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands below {@code ltx} on files that another implementation wrote, and on real databases.
 */
class LtxCommandsTest {
  private static final Path VECTORS = Path.of("../ltx-format/src/test/resources/ltx-v3");
  private static final List<Path> CHAIN = List.of(chain(1), chain(2), chain(3), chain(4));

  private final Path directory;
  private final Path database;

  LtxCommandsTest(@TempDir Path directory) {
    this.directory = directory;
    this.database = directory.resolve("app.db");
  }

  private static Path chain(int txid) {
    return VECTORS.resolve("chain/%016x-%016x.ltx".formatted(txid, txid));
  }

  /** What the manifest says of a file. */
  private static JsonNode expected(String file) throws IOException {
    for (JsonNode entry : new ObjectMapper().readTree(VECTORS.resolve("manifest.json").toFile())) {
      if (entry.get("file").asText().equals(file)) {
        return entry;
      }
    }
    throw new IOException(file + " is not in the manifest");
  }

  private void sql(Path file, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String sha256(Path file) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
    return HexFormat.of().formatHex(hash);
  }

  private List<String> filesLeft() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> Objects.toString(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void listsInATable() {
    assertThat(Run.sluice("ltx", "list", chain(1), chain(2)).ok().lines())
        .containsExactly(
            "MIN TXID          MAX TXID          PAGES  DB PAGES   BYTES  PRE-APPLY        "
                + " POST-APPLY        TIME                  FILE",
            "0000000000000001  0000000000000001      5         5  13,986  0000000000000000 "
                + " cf6860cbd3644cf1  2025-11-23T12:13:20Z  "
                + chain(1),
            "0000000000000002  0000000000000002      4         7   5,870  cf6860cbd3644cf1 "
                + " ab6f46609a9a8332  2025-11-23T12:13:21Z  "
                + chain(2));
  }

  @Test
  void listsAndDumpsAsTheManifestSays() throws Exception {
    for (String name :
        List.of(
            "compacted-1-4.ltx", "deletion.ltx", "nochecksum-delta.ltx", "snapshot-65536.ltx")) {
      JsonNode expected = expected(name);
      JsonNode listed =
          Run.sluice("ltx", "list", "--json", VECTORS.resolve(name)).ok().json().get(0);
      JsonNode dumped =
          Run.sluice("ltx", "dump", "--json", VECTORS.resolve(name)).ok().json().get(0);
      for (Iterator<String> names = listed.fieldNames(); names.hasNext(); ) {
        String field = names.next();
        if (!field.equals("file") && expected.has(field)) {
          assertThat(listed.get(field)).as(name + " " + field).isEqualTo(expected.get(field));
        }
        assertThat(dumped.get(field)).isEqualTo(listed.get(field));
      }
      assertThat(dumped.get("pages")).hasSize(expected.get("pageCount").asInt());
    }
  }

  @Test
  void dumpsPages() {
    assertThat(Run.sluice("ltx", "dump", chain(2)).ok().lines())
        .contains(
            "  commit         7 pages after the last transaction",
            "  WAL salts      11223344 a1b2c3d4",
            "    PAGE  OFFSET  BYTES  CHECKSUM",
            "       3    0xed  1,412  be8497f113c88f5e");
  }

  @Test
  void verifiesAndNamesWhatIsDamaged() throws Exception {
    byte[] bytes = Files.readAllBytes(chain(2));
    bytes[300] ^= 1;
    Path damaged = Files.write(directory.resolve("damaged.ltx"), bytes);
    Run run = Run.sluice("ltx", "verify", chain(1), damaged);
    run.fails(1, "a file is damaged; take other copies of what is named above");
    assertThat(run.lines().get(1)).startsWith("ok       0000000000000001").endsWith("" + chain(1));
    assertThat(run.lines().get(2)).matches("damaged +" + damaged);
    assertThat(run.lines().get(3)).startsWith(damaged + " @0x");

    JsonNode verdicts = Run.sluice("ltx", "verify", "--json", chain(1), damaged).json();
    assertThat(verdicts.findValuesAsText("ok")).containsExactly("true", "false");
    Run.sluice("ltx", "verify", CHAIN).ok();
  }

  @Test
  void goesOnAfterAFileThatIsNotThere() {
    Run run = Run.sluice("ltx", "list", directory.resolve("no.ltx"), chain(1), directory);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.lines()).hasSize(2);
    assertThat(run.err().lines())
        .containsExactly(
            "sluice: "
                + directory.resolve("no.ltx")
                + ": no such file or directory; check the path",
            "sluice: %1$s is a directory; name the files in it: %1$s/*.ltx".formatted(directory));
  }

  @Test
  void appliesAChain() throws Exception {
    assertThat(Run.sluice("ltx", "apply", database, CHAIN).ok().lines())
        .containsExactly(database + ": 0000000000000004/ce93504bc12fa809");
    assertThat(sha256(database))
        .isEqualTo(expected("compacted-1-4.ltx").get("databaseSha256").asText());
    assertThat(filesLeft()).containsExactly("app.db");
  }

  @Test
  void replacesOnlyWhenForced() throws Exception {
    Files.writeString(database, "precious");
    Run.sluice("ltx", "apply", database, chain(1))
        .fails(
            1,
            database
                + " exists already, and "
                + chain(1)
                + " holds a whole database; apply it to another name, or give --force to replace"
                + " the database");
    assertThat(database).hasContent("precious");
    Run.sluice("ltx", "apply", "--force", database, chain(1)).ok();
    assertThat(Files.size(database)).isEqualTo(5 * 4096);

    Path out = Files.writeString(directory.resolve("out.ltx"), "precious");
    String line = out + " exists already; choose another name, or give --force to replace it";
    Run.sluice("ltx", "compact", "-o", out, chain(1)).fails(1, line);
    assertThat(out).hasContent("precious");
    Run.sluice("ltx", "compact", "--force", "-o", out, chain(1)).ok();
    Run.sluice("ltx", "verify", out).ok();
  }

  @Test
  void refusesGapsAndStrangers() throws Exception {
    Run.sluice("ltx", "apply", database, chain(1), chain(3))
        .fails(
            1,
            chain(3)
                + " begins at TXID 0000000000000003, but "
                + chain(1)
                + " ends at 0000000000000001; give the files in order, the next from TXID"
                + " 0000000000000002");
    Run.sluice("ltx", "apply", database, chain(2))
        .fails(
            1,
            database
                + " does not exist, and "
                + chain(2)
                + " holds only a part of it; begin with a snapshot");
    sql(database, "CREATE TABLE t(x)");
    String checksum = Run.sluice("ltx", "checksum", database).ok().lines().get(1).substring(0, 16);
    Run.sluice("ltx", "apply", database, chain(2))
        .fails(
            1,
            database
                + " has checksum "
                + checksum
                + ", but "
                + chain(2)
                + " continues from cf6860cbd3644cf1; apply the files that lead there first, or"
                + " begin with a snapshot");
    assertThat(filesLeft()).containsExactly("app.db");
  }

  @Test
  void advancesARealDatabase() throws Exception {
    sql(database, "CREATE TABLE t(x)", "INSERT INTO t VALUES (randomblob(9000))");
    Path base = directory.resolve("1.ltx");
    Run.sluice("ltx", "encode", database, base).ok();
    Path copy = directory.resolve("copy.db");
    Files.copy(database, copy);
    sql(database, "INSERT INTO t VALUES (randomblob(30000))", "DELETE FROM t WHERE rowid = 1");
    Path delta = TestDelta.write(copy, database, 2, directory.resolve("2.ltx"));
    Run.sluice("ltx", "apply", copy, delta).ok();
    assertThat(copy).hasSameBinaryContentAs(database);

    Path merged = directory.resolve("merged.ltx");
    Run.sluice("ltx", "compact", "-o", merged, base, delta).ok();
    Run.sluice("ltx", "apply", "--force", copy, merged).ok();
    assertThat(copy).hasSameBinaryContentAs(database);
  }

  @Test
  void refusesADatabaseThatIsNotAtRest() throws Exception {
    Path wal = directory.resolve("app.db-wal");
    Path out = directory.resolve("out.ltx");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode = wal");
      statement.execute("CREATE TABLE t(x)");
      String line =
          wal
              + " holds transactions that are not in app.db yet; stop the programs that use it,"
              + " then run: sqlite3 "
              + database
              + " 'PRAGMA wal_checkpoint(TRUNCATE)'";
      Path copy = directory.resolve("copy/app.db");
      Files.createDirectory(copy.getParent());
      Files.copy(database, copy);
      Files.copy(wal, copy.resolveSibling("app.db-wal"));
      Run.sluice("ltx", "encode", copy, out)
          .fails(1, line.replace(directory + "/", directory + "/copy/"));
      Run.sluice("ltx", "apply", "--force", copy, chain(1))
          .fails(1, line.replace(directory + "/", directory + "/copy/"));
    }
    assertThat(out).doesNotExist();
    Run.sluice("ltx", "encode", database, out).ok();
  }

  @Test
  void refusesADatabaseWithAHotJournal() throws Exception {
    sql(database, "CREATE TABLE t(x)", "INSERT INTO t VALUES (1)");
    Path copy = directory.resolve("copy.db");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA cache_size = 1");
      statement.execute("BEGIN");
      statement.execute(
          "CREATE TABLE big AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT randomblob(4000) FROM n");
      Files.copy(database, copy);
      Files.copy(directory.resolve("app.db-journal"), directory.resolve("copy.db-journal"));
    }
    Run.sluice("ltx", "checksum", copy)
        .fails(
            1,
            directory.resolve("copy.db-journal")
                + " holds a transaction that is under way or was interrupted; stop the programs"
                + " that use it, then have SQLite roll it back: sqlite3 "
                + copy
                + " 'PRAGMA quick_check'");
  }

  @Test
  void refusesADatabaseInUse() throws Exception {
    Path sqlite = Run.find("sqlite3").orElse(null);
    Assumptions.assumeTrue(sqlite != null, "sqlite3 is not installed");
    sql(database, "CREATE TABLE t(x)");
    Process other = new ProcessBuilder(String.valueOf(sqlite), database.toString()).start();
    try (var in = other.outputWriter()) {
      in.write("BEGIN EXCLUSIVE; SELECT 'locked';\n");
      in.flush();
      assertThat(other.inputReader().readLine()).isEqualTo("locked");
      Run.sluice("ltx", "encode", database, directory.resolve("out.ltx"))
          .fails(1, database + " is in use; stop the programs that have it open first");
    }
    other.waitFor();
  }

  @Test
  void saysWhatIsNotADatabase() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty.db"));
    Run.sluice("ltx", "checksum", empty)
        .fails(
            1,
            empty
                + " is not a SQLite database; it is empty: write something to it with SQLite first");
    Run.sluice("ltx", "checksum", chain(1))
        .fails(
            1,
            chain(1)
                + " is not a SQLite database; it is an LTX file: 'sluice ltx list' shows its"
                + " checksums");
    sql(database, "CREATE TABLE t(x)", "CREATE TABLE u(x)");
    try (FileChannel file = FileChannel.open(database, java.nio.file.StandardOpenOption.WRITE)) {
      file.truncate(4096);
    }
    Run.sluice("ltx", "checksum", database)
        .fails(
            1,
            database + " ends after 1 of 3 pages; it is damaged: restore it, or take another copy");
  }

  @Test
  void goToolAgrees() throws Exception {
    Path tool = Run.find("ltx").orElse(null);
    Assumptions.assumeTrue(tool != null, "the Go implementation's ltx command is not installed");
    Object ltx = String.valueOf(tool);
    sql(database, "CREATE TABLE t(x)", "INSERT INTO t VALUES (randomblob(200000))");
    Path out = directory.resolve("out.ltx");
    Path bare = directory.resolve("bare.ltx");
    Path merged = directory.resolve("merged.ltx");
    Path copy = directory.resolve("copy.db");
    Run.sluice("ltx", "encode", "--txid", "1f", database, out).ok();
    Run.sluice("ltx", "encode", "--no-checksum", database, bare).ok();
    Run.sluice("ltx", "compact", "-o", merged, CHAIN).ok();
    Run.process(ltx, "verify", out, bare, merged).ok();
    Run.process(ltx, "apply", "-db", copy, out).ok();
    assertThat(copy).hasSameBinaryContentAs(database);
    String checksum = Run.process(ltx, "checksum", database).ok().out().strip();
    assertThat(
            Run.sluice("ltx", "checksum", "--json", database)
                .json()
                .get(0)
                .get("checksum")
                .asText())
        .isEqualTo(checksum);
  }
}
