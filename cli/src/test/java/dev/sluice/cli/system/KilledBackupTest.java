package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kill -9} of {@code sluice replicate} and {@code sluice restore} in the middle of it. */
class KilledBackupTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /**
   * While it ships, merges, makes snapshots and deletes, each of which it does all the time here.
   * What {@code sluice sync} has acknowledged is in the store after each kill, before anything else
   * runs; and after the next start all is.
   */
  @ParameterizedTest
  @ValueSource(strings = {"file", "s3"})
  void replicate(String scheme) throws Exception {
    long first = Campaign.seed();
    int rounds = Campaign.rounds(3);
    try (TestStore store = TestStore.open(sandbox, scheme)) {
      Path data = Files.createDirectories(sandbox.path("data"));
      Path file = data.resolve("app.db");
      Files.writeString(
          sandbox.path("sluice.yml"),
          """
          data: data
          store: %s
          sync-interval: 20ms
          levels: [1s, 2s]
          snapshot-interval: 2s
          retention: 4s
          l0-retention: 1s
          """
              .formatted(store.url()));
      sandbox.run(
          "sqlite3", file, "PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
      BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
      SluiceProcess process = replicating();
      for (long seed = first; seed < first + rounds; seed++) {
        try {
          Random random = new Random(seed);
          Subprocess writer =
              sandbox.python("replicated.py", "steady", file, 100 + random.nextInt(200));
          writer.nextLine();
          TimeUnit.MILLISECONDS.sleep(random.nextInt(500));
          long acknowledged = count(file);
          Run sync = Run.sluice("sync", file);
          assertThat(sync.status()).as(sync.err()).isZero();
          TimeUnit.MILLISECONDS.sleep(
              random.nextBoolean() ? random.nextInt(800) : untilMerging(random));
          process.kill();
          backup.restore();
          assertThat(count(backup.restored())).isGreaterThanOrEqualTo(acknowledged);
          process = replicating();
          assertThat(writer.status()).as(writer.toString()).isZero();
          sync = Run.sluice("sync", file);
          assertThat(sync.status()).as(sync.err()).isZero();
          Copies.same("restored", SqliteFile.pages(file), backup.restore());
          verify(backup);
        } catch (Exception | AssertionError e) {
          throw Campaign.failed(seed, e);
        }
      }
      process.stop();
      Copies.same("restored", SqliteFile.pages(file), backup.restore());
    }
  }

  /** No transaction is missing. */
  private static void verify(BackupStore backup) throws Exception {
    Run verify = Run.sluice("verify", backup.url());
    if (verify.status() != 0) {
      throw new AssertionError(verify.out() + verify.err() + backup.files());
    }
  }

  private SluiceProcess replicating() throws Exception {
    SluiceProcess process =
        sandbox.sluice("replicate", "replicate", "--config", sandbox.path("sluice.yml"));
    process.await(line -> line.startsWith("replicating "));
    return process;
  }

  /** To a moment in which files are merged: shortly after a full second. */
  private static long untilMerging(Random random) {
    return 1000 - System.currentTimeMillis() % 1000 + random.nextInt(40);
  }

  private static long count(Path file) throws Exception {
    return Long.parseLong(SqliteFile.query(file, "SELECT count(*) FROM t"));
  }

  /** What is there stays until the restored one is whole; the next restore finishes it. */
  @Test
  void restore() throws Exception {
    Path file = sandbox.path("app.db");
    sandbox.run(
        "sqlite3", file, "PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    SluiceProcess process =
        sandbox.replicate(file, sandbox.store() + "/app.db", "--sync-interval", "50ms");
    for (int i = 0; i < 4; i++) {
      sandbox.run(
          "sqlite3",
          "-cmd",
          ".timeout 10000",
          file,
          "INSERT INTO t(v) SELECT randomblob(3000) FROM generate_series(1,5000);"
              + "UPDATE t SET v=randomblob(2900) WHERE id%97=5");
      assertThat(Run.sluice("sync", file).status()).isZero();
    }
    process.stop();
    byte[] expected = SqliteFile.pages(file);
    assertThat(expected).hasSizeGreaterThan(60 << 20);
    Path target = sandbox.path("restored/app.db");
    Files.createDirectories(target.getParent());
    Path before = sandbox.path("before.db");
    sandbox.run("sqlite3", before, "CREATE TABLE before(a)");
    long first = Campaign.seed();
    int rounds = Campaign.rounds(4);
    int killed = 0;
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        Random random = new Random(seed);
        for (int kills = 0; kills < 2; kills++) {
          Files.copy(before, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
          SluiceProcess restore =
              sandbox.sluice(
                  "restore", "restore", sandbox.store() + "/app.db", "-o", target, "--force");
          while (restore.process().isAlive() && partial(target).isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(1);
          }
          TimeUnit.MILLISECONDS.sleep(random.nextInt(250));
          restore.kill();
          if (restore.process().exitValue() != 0) {
            byte[] found = Files.readAllBytes(target);
            if (Arrays.equals(found, Files.readAllBytes(before))) {
              killed++;
            } else {
              // Killed once it was in its place: then it is whole.
              Copies.same("restored before the kill", expected, found);
            }
          }
        }
        Run run = Run.sluice("restore", sandbox.store() + "/app.db", "-o", target, "--force");
        assertThat(run.status()).as(run.err()).isZero();
        Copies.same("restored", expected, Files.readAllBytes(target));
        assertThat(partial(target)).isEmpty();
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
    }
    assertThat(killed).as("restores that were not done yet when killed").isPositive();
  }

  private static List<Path> partial(Path target) throws Exception {
    try (Stream<Path> files = Files.list(target.getParent())) {
      return files.filter(path -> !path.equals(target)).toList();
    }
  }
}
