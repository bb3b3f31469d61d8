package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code sluice mount} as a user runs it: starts, stops, errors, and files that come and go. */
class MountCommandTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private SluiceProcess mount(Object... args) throws IOException {
    Object[] all =
        Stream.concat(Stream.of("mount", "--data", sandbox.path("data")), Stream.of(args))
            .toArray();
    return sandbox.sluice("mount", all);
  }

  /** One line that says what is wrong and what to do. */
  private static void fails(SluiceProcess process, String what) throws Exception {
    assertThat(process.status()).as(process.toString()).isNotZero();
    List<String> lines = process.err().lines().filter(l -> l.startsWith("sluice: ")).toList();
    assertThat(lines).as(process.toString()).hasSize(1);
    assertThat(lines.get(0)).contains(what).contains("; ");
    assertThat(process.err()).doesNotContain("\tat ");
  }

  @Test
  void endsWithTheStatusOfItsCommand() throws Exception {
    assertThat(mount(sandbox.path("mnt"), "--", "sh", "-c", "exit 7").status()).isEqualTo(7);
    assertThat(mount(sandbox.path("mnt"), "--", "sh", "-c", "kill -KILL $$").status())
        .isEqualTo(128 + 9);
    fails(mount(sandbox.path("mnt"), "--", "/no/such/program"), "cannot run /no/such/program");
  }

  @Test
  void passesSignalsToItsCommand() throws Exception {
    SluiceProcess process =
        mount(
            sandbox.path("mnt"),
            "--",
            "sh",
            "-c",
            "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    process.await("ready"::equals);
    process.terminate();
    assertThat(process.status()).isEqualTo(9);
  }

  @Test
  void shipsWhatRemainsWhenItsCommandEnds() throws Exception {
    SluiceProcess process =
        mount(
            "--store",
            sandbox.store(),
            "--sync-interval",
            "1h",
            sandbox.path("mnt"),
            "--",
            "sqlite3",
            sandbox.path("mnt").resolve("a.db"),
            "PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(42)");
    assertThat(process.status()).as(process.toString()).isZero();
    assertThat(restored("a.db")).isEqualTo("42");
    assertThat(sandbox.path("data").resolve("a.db")).exists();
    assertThat(sandbox.path("mnt")).isEmptyDirectory();
  }

  private String restored(String name) throws Exception {
    Path out = sandbox.path("restored.db");
    Run run = Run.sluice("restore", sandbox.store() + "/" + name, "-o", out, "--force");
    assertThat(run.status()).as(run.err()).isZero();
    return SqliteFile.query(out, "SELECT max(x) FROM t");
  }

  /** A clean stop ships what remains; the restart continues where it stopped. */
  @Test
  void continuesAtTheSamePosition() throws Exception {
    Object[] args = {"--store", sandbox.store(), "--sync-interval", "1h", sandbox.path("mnt")};
    Path wal = sandbox.path("mnt").resolve("wal.db");
    Path delete = sandbox.path("mnt").resolve("delete.db");
    SluiceProcess process = mount(args).serving();
    sandbox.run("sqlite3", wal, "PRAGMA journal_mode=wal; CREATE TABLE t(x)");
    sandbox.run("sqlite3", delete, "CREATE TABLE t(x)");
    for (int i = 0; i < 3; i++) {
      // A connection that stays leaves the WAL behind.
      Subprocess open = sandbox.python("statements.py", wal);
      open.send("open\t1\t");
      open.nextLine();
      open.send("sql\t1\tINSERT INTO t VALUES(" + i + ")");
      open.nextLine();
      sandbox.run("sqlite3", delete, "INSERT INTO t VALUES(" + i + ")");
      Position ofWal = sandbox.position("wal.db");
      Position ofDelete = sandbox.position("delete.db");
      process.stop();
      open.kill();
      assertThat(restored("wal.db")).isEqualTo("" + i);
      assertThat(restored("delete.db")).isEqualTo("" + i);
      process = mount(args).serving();
      assertThat(sandbox.position("wal.db")).isEqualTo(ofWal);
      assertThat(sandbox.position("delete.db")).isEqualTo(ofDelete);
      assertThat(SqliteFile.query(wal, "SELECT count(*) FROM t")).isEqualTo("" + (i + 1));
      assertThat(sandbox.position("wal.db")).isEqualTo(ofWal);
    }
  }

  @Test
  void letsProcessorsSleepWhereThatIsWanted() throws Exception {
    Path device = Path.of("/dev/cpu_dma_latency");
    assumeThat(Files.isWritable(device)).as("%s can be written to", device).isTrue();
    SluiceProcess process = mount("--no-low-latency", sandbox.path("mnt")).serving();
    assertThat(threads(process)).contains("fuse-0").doesNotContain("low-latency");
    process.stop();
  }

  private static List<String> threads(SluiceProcess process) throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.process().pid() + "/task"))) {
      for (Path thread : threads.toList()) {
        names.add(Files.readString(thread.resolve("comm")).strip());
      }
    }
    return names;
  }

  @Test
  void keepsProcessorsAwakeWhileItIsBusy() throws Exception {
    Path device = Path.of("/dev/cpu_dma_latency");
    assumeThat(Files.isWritable(device)).as("%s can be written to", device).isTrue();
    SluiceProcess process = mount("--low-latency", sandbox.path("mnt")).serving();
    assertThat(hasOpen(process, device)).isFalse();
    assertThat(threads(process)).contains("low-latency");
    Subprocess writer =
        sandbox.python(
            "writer.py", sandbox.path("mnt").resolve("a.db"), "wal", "normal", 0, 1, 1_000_000);
    awaitOpen(process, device, true);
    writer.kill();
    awaitOpen(process, device, false);
    process.stop();
  }

  private static void awaitOpen(SluiceProcess process, Path file, boolean wanted) throws Exception {
    for (int i = 0; i < 1000 && hasOpen(process, file) != wanted; i++) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    assertThat(hasOpen(process, file)).isEqualTo(wanted);
  }

  private static boolean hasOpen(SluiceProcess process, Path file) throws IOException {
    try (Stream<Path> descriptors =
        Files.list(Path.of("/proc/" + process.process().pid() + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          if (Files.readSymbolicLink(descriptor).equals(file)) {
            return true;
          }
        } catch (NoSuchFileException e) {
          // Closed meanwhile.
        }
      }
      return false;
    }
  }

  @Test
  void refusesWhatIsInUse() throws Exception {
    SluiceProcess first = mount("--listen", "127.0.0.1:0", sandbox.path("mnt")).serving();
    fails(
        sandbox.sluice("second", "mount", "--data", sandbox.path("data"), sandbox.path("mnt2")),
        "another process has " + sandbox.path("data") + " open");
    fails(
        sandbox.sluice("second", "mount", "--data", sandbox.path("data2"), sandbox.path("mnt")),
        sandbox.path("mnt") + " is in use");
    first.stop();
    assertThat(sandbox.path("mnt")).isEmptyDirectory();
  }

  @Test
  void refusesAPortInUse() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      fails(mount("--listen", address, sandbox.path("mnt")), address);
    }
    assertThat(sandbox.path("mnt")).isEmptyDirectory();
  }

  @Test
  void refusesMountPointsThatHideSomething() throws Exception {
    Files.createDirectories(sandbox.path("mnt"));
    Files.createFile(sandbox.path("mnt").resolve("file"));
    fails(mount(sandbox.path("mnt")), sandbox.path("mnt") + " is not empty");
    fails(mount(sandbox.path("data").resolve("mnt")), "contain each other");
    fails(mount(sandbox.directory()), "contain each other");
    fails(
        mount(sandbox.path("mnt").resolve("file")), sandbox.path("mnt").resolve("file").toString());
    fails(mount(), "no mount point given");
  }

  @Test
  void readsItsConfiguration() throws Exception {
    Path config = sandbox.path("sluice.yml");
    Files.writeString(
        config,
        """
        data: data
        mount: mnt
        listen: 127.0.0.1:0
        sync-interval: 50ms
        databases:
          - path: a.db
            store: %s/elsewhere
        """
            .formatted(sandbox.store()));
    SluiceProcess process = sandbox.sluice("mount", "mount", "--config", config).serving();
    sandbox.run("sqlite3", sandbox.path("mnt").resolve("a.db"), "CREATE TABLE t(x)");
    sandbox.awaitShipped(process.url(), "a.db", sandbox.position("a.db"));
    assertThat(sandbox.path("store").resolve("elsewhere/ltx/0")).isNotEmptyDirectory();
    process.stop();
    Files.writeString(config, "data: data\nmuont: mnt\n");
    fails(sandbox.sluice("mount", "mount", "--config", config), "muont");
  }

  /** The checksums of the pages can be made again, so a damaged table is no reason to stop. */
  @Test
  void healsADamagedChecksumTable() throws Exception {
    Path file = sandbox.path("mnt").resolve("a.db");
    SluiceProcess process = mount(sandbox.path("mnt")).serving();
    sandbox.run("sqlite3", file, "CREATE TABLE t(x); INSERT INTO t VALUES(hex(zeroblob(20000)))");
    Position before = sandbox.position("a.db");
    process.stop();
    try (RandomAccessFile table =
        new RandomAccessFile(sandbox.path("data/.sluice/db/a.db/checksums").toFile(), "rw")) {
      table.seek(16);
      table.write(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    }
    process = mount(sandbox.path("mnt")).serving();
    sandbox.run("sqlite3", file, "INSERT INTO t VALUES(1)");
    Position after = sandbox.position("a.db");
    assertThat(after.txid()).isGreaterThan(before.txid());
    assertThat(after.checksum()).isEqualTo(SqliteFile.checksum(SqliteFile.pages(file)));
    process.stop();
  }

  /** Files that come without a journal are transactions, once they are whole. */
  @Test
  void capturesPlainWrites() throws Exception {
    SluiceProcess primary = sandbox.primary();
    Path mnt = sandbox.path("mnt");
    Path source = sandbox.path("source.db");
    sandbox.run(
        "sqlite3",
        source,
        "CREATE TABLE t(x);",
        "INSERT INTO t SELECT hex(zeroblob(500)) FROM generate_series(1, 2000);");
    sandbox.run("cp", source, mnt.resolve("copied.db"));
    sandbox.run("sqlite3", mnt.resolve("restored.db"), ".restore " + source);
    sandbox.run("sqlite3", source, ".backup " + mnt.resolve("backup.db"));
    sandbox.run("sqlite3", source, "VACUUM INTO '" + mnt.resolve("vacuumed.db") + "'");
    sandbox.run("sqlite3", mnt.resolve("off.db"), "PRAGMA journal_mode=off; CREATE TABLE t(x);");
    sandbox.run(
        "sqlite3", mnt.resolve("memory.db"), "PRAGMA journal_mode=memory; CREATE TABLE t(x);");
    for (String name :
        List.of("copied.db", "restored.db", "backup.db", "vacuumed.db", "off.db", "memory.db")) {
      Position position = awaitContent(name);
      Path restored = sandbox.restore(primary.url(), name, position);
      assertThat(Files.mismatch(restored, mnt.resolve(name))).as(name).isEqualTo(-1);
    }
    // Over a database that is there already.
    sandbox.run("sqlite3", source, "DELETE FROM t WHERE rowid%2=0; VACUUM");
    Position before = sandbox.position("copied.db");
    sandbox.run("cp", source, mnt.resolve("copied.db"));
    assertThat(awaitContent("copied.db").txid()).isGreaterThan(before.txid());
    sandbox.run("sqlite3", mnt.resolve("copied.db"), ".restore " + sandbox.path("mnt/off.db"));
    awaitContent("copied.db");
  }

  /** Waits until the position of a database is that of its file. */
  private Position awaitContent(String name) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Subprocess.LIMIT_SECONDS);
    Path file = sandbox.path("mnt").resolve(name);
    while (System.nanoTime() < deadline) {
      if (Files.exists(sandbox.path("mnt").resolve(name + "-pos"))
          && sandbox.position(name).checksum() == SqliteFile.checksum(Files.readAllBytes(file))) {
        return sandbox.position(name);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    throw new AssertionError(name + " was not captured");
  }

  /**
   * A journal that is never fsynced, closed, truncated or deleted: its end is a header of zeros
   * that the kernel writes without telling.
   */
  @Test
  void seesTheEndOfAJournalThatNobodyTellsOf() throws Exception {
    SluiceProcess primary = sandbox.primary();
    sandbox.follower(primary.url());
    Path script =
        Files.writeString(
            sandbox.path("exclusive.py"),
            """
            import sqlite3, sys, time
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            for pragma in ["journal_mode=" + sys.argv[2], "synchronous=off", "locking_mode=exclusive"]:
                c.execute("PRAGMA " + pragma).fetchall()
            c.execute("CREATE TABLE t(x)")
            txids = []
            for x in range(5):
                c.execute("INSERT INTO t VALUES(?)", (x,))
                txids.append(int(open(sys.argv[1] + "-pos").read()[:16], 16))
            print([txid - txids[0] for txid in txids])
            c.execute("INSERT INTO t VALUES(5)")
            # The follower has it while the connection stays as it is.
            deadline = time.time() + 30
            seen = 0
            while seen != 6 and time.time() < deadline:
                time.sleep(0.02)
                try:
                    seen = sqlite3.connect("file:" + sys.argv[3] + "?mode=ro", uri=True).execute(
                        "SELECT count(*) FROM t").fetchone()[0]
                except sqlite3.OperationalError as e:
                    print(e, file=sys.stderr)
            print(seen)
            """);
    for (String mode : List.of("delete", "truncate", "persist")) {
      String printed =
          sandbox.run(
              "python3",
              script,
              sandbox.path("mnt").resolve(mode + ".db"),
              mode,
              sandbox.path("mnt2").resolve(mode + ".db"));
      assertThat(printed.lines()).as(mode).containsExactly("[0, 1, 2, 3, 4]", "6");
    }
  }

  @Test
  void followsDeletionAndRename() throws Exception {
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    Path file = sandbox.path("mnt").resolve("a.db");
    Path there = sandbox.path("mnt2").resolve("a.db");
    for (String mode : List.of("wal", "delete", "wal")) {
      sandbox.run(
          "sqlite3",
          file,
          "PRAGMA journal_mode=" + mode + "; CREATE TABLE t(x)",
          "INSERT INTO t VALUES('" + mode + "')");
      sandbox.await(follower.url(), "a.db", sandbox.position("a.db"));
      assertThat(SqliteFile.query(there, "SELECT x FROM t")).isEqualTo(mode);
      Files.delete(file);
      sandbox.await(follower.url(), "a.db", sandbox.position("a.db"));
      assertThat(there).doesNotExist();
    }
    sandbox.run("sqlite3", file, "CREATE TABLE t(x); INSERT INTO t VALUES('here')");
    Files.createDirectory(sandbox.path("mnt").resolve("dir"));
    Files.move(file, sandbox.path("mnt").resolve("dir/b.db"));
    sandbox.await(follower.url(), "dir/b.db", sandbox.position("dir/b.db"));
    sandbox.await(follower.url(), "a.db", sandbox.position("a.db"));
    assertThat(there).doesNotExist();
    assertThat(SqliteFile.query(sandbox.path("mnt2").resolve("dir/b.db"), "SELECT x FROM t"))
        .isEqualTo("here");
    Files.move(sandbox.path("mnt").resolve("dir"), sandbox.path("mnt").resolve("moved"));
    sandbox.run("sqlite3", sandbox.path("mnt").resolve("moved/b.db"), "UPDATE t SET x='moved'");
    sandbox.await(follower.url(), "moved/b.db", sandbox.position("moved/b.db"));
    assertThat(SqliteFile.query(sandbox.path("mnt2").resolve("moved/b.db"), "SELECT x FROM t"))
        .isEqualTo("moved");
    // What was deleted does not come back with the next start.
    follower.stop();
    follower = sandbox.follower(primary.url());
    sandbox.run("sqlite3", sandbox.path("mnt").resolve("moved/b.db"), "UPDATE t SET x='again'");
    sandbox.await(follower.url(), "moved/b.db", sandbox.position("moved/b.db"));
    sandbox.await(follower.url(), "a.db", sandbox.position("a.db"));
    TimeUnit.MILLISECONDS.sleep(200);
    assertThat(there).doesNotExist();
  }
}
