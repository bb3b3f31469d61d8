package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.restore.StoredFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The disk of {@code sluice replicate}'s own files is full, or that of a restore. The application's
 * is not: it goes on, Sluice says what to do, and all is well when there is room again.
 */
@Timeout(120)
class FullDiskBackupTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final int port = freePort();
  private final String url = "http://127.0.0.1:" + port;

  private static int freePort() {
    try {
      return Sandbox.freePort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file() {
    return sandbox.path("data/app.db");
  }

  private Object[] command(Object... flags) {
    return Stream.concat(
            Stream.of(
                "replicate",
                "--data",
                sandbox.path("data"),
                "--store",
                sandbox.store(),
                "--listen",
                "127.0.0.1:" + port),
            Stream.of(flags))
        .toArray();
  }

  private SluiceProcess replicating(Object... flags) throws Exception {
    SluiceProcess process = sandbox.sluice("replicate", command(flags));
    process.await(line -> line.startsWith("replicating "));
    return process;
  }

  private void sql(String sql) throws Exception {
    sandbox.run("sqlite3", "-cmd", ".timeout 10000", file(), sql);
  }

  private void insert(int rows) throws Exception {
    sql("INSERT INTO t(v) SELECT randomblob(3000) FROM generate_series(1," + rows + ")");
  }

  /** Without what is said of the disk itself: so small a one is always low. */
  private String status() throws Exception {
    return Http.text(url + "/v1/status").replaceAll("\"health\":\\[[^\\]]*\\]", "");
  }

  /** All that is committed is in the store. */
  private void same() throws Exception {
    Run sync = Run.sluice("sync", file());
    assertThat(sync.status()).as(sync.err()).isZero();
    BackupStore backup = new BackupStore(sandbox, sandbox.store() + "/app.db");
    Copies.same("restored", SqliteFile.pages(file()), backup.restore());
    Run verify = Run.sluice("verify", backup.url());
    assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void capture(String journalMode) throws Exception {
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "data/.sluice", 32);
    sql("PRAGMA journal_mode=" + journalMode + "; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    SluiceProcess process = replicating("--sync-interval", "50ms");
    insert(100);
    same();
    for (int free : new int[] {0, 60, 300}) {
      SmallDisk.fill(disk, free);
      for (int i = 0; i < 12; i++) {
        insert(20);
      }
      Replicated.eventually("status says what to do", () -> status().contains("make room"));
      assertThat(process.process().isAlive()).isTrue();
      SmallDisk.empty(disk);
      same();
    }
    assertThat(process.err()).containsPattern("app.db: not captured.*make room");
    process.stop();

    insert(100);
    SmallDisk.fill(disk, 0);
    SluiceProcess refused = sandbox.sluice("refused", command("--sync-interval", "50ms"));
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).containsPattern("sluice: .*/data/.sluice/.*; make room");
    SmallDisk.empty(disk);
    process = replicating("--sync-interval", "50ms");
    same();
    process.stop();
    try (Stream<Path> left = Files.list(disk)) {
      assertThat(left).noneMatch(path -> path.toString().endsWith(".new"));
    }
  }

  /** What is shipped goes on; the merging waits. */
  @Test
  void compaction() throws Exception {
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "data/.sluice", 64);
    sql("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    SluiceProcess process = replicating("--sync-interval", "50ms", "--levels", "1s");
    BackupStore backup = new BackupStore(sandbox, sandbox.store() + "/app.db");
    insert(1);
    same();
    // Room for the transaction in the log, and for no copy of it.
    SmallDisk.fill(disk, 11_000);
    insert(2400);
    same();
    Replicated.eventually("status says what to do", () -> status().contains("make room"));
    sql("UPDATE t SET v=1 WHERE id=1");
    same();
    assertThat(merged(backup)).isLessThan(7_000_000);
    SmallDisk.empty(disk);
    Replicated.eventually("merged", () -> merged(backup) > 7_000_000);
    Replicated.eventually("status is well", () -> !status().contains("make room"));
    same();
    assertThat(process.err()).containsPattern("app.db: not merged.*make room");
    process.stop();
  }

  /** Bytes in level 1. */
  private static long merged(BackupStore backup) throws Exception {
    return backup.files().stream()
        .filter(stored -> stored.level() == 1)
        .mapToLong(StoredFile::sizeBytes)
        .sum();
  }

  @Test
  void restore() throws Exception {
    sandbox.run("mkdir", sandbox.path("data"));
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    insert(3000);
    SluiceProcess process = replicating();
    same();
    process.stop();
    Path disk = SmallDisk.mount(sandbox, "tmpfs", "small", 40);
    Path target = disk.resolve("app.db");
    Files.writeString(target, "what was there");
    SmallDisk.fill(disk, 4000);
    Run run = Run.sluice("restore", sandbox.store() + "/app.db", "-o", target, "--force");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("free some space");
    assertThat(target).hasContent("what was there");
    try (Stream<Path> files = Files.list(disk)) {
      assertThat(files).containsExactlyInAnyOrder(target, disk.resolve("filler"));
    }
    // Now the room goes while it is restored.
    SmallDisk.empty(disk);
    SluiceProcess restore =
        sandbox.sluice("restore", "restore", sandbox.store() + "/app.db", "-o", target, "--force");
    while (restore.process().isAlive() && count(disk) == 1) {
      Thread.sleep(1);
    }
    SmallDisk.fill(disk, 0);
    if (restore.status() != 0) {
      assertThat(restore.status()).isEqualTo(1);
      assertThat(restore.err()).containsPattern("look at its disk|make room|free some space");
      assertThat(target).hasContent("what was there");
    }
    SmallDisk.empty(disk);
    run = Run.sluice("restore", sandbox.store() + "/app.db", "-o", target, "--force");
    assertThat(run.status()).as(run.err()).isZero();
    Copies.same("restored", SqliteFile.pages(file()), Files.readAllBytes(target));
    try (Stream<Path> files = Files.list(disk)) {
      assertThat(files).containsExactly(target);
    }
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.count();
    }
  }
}
