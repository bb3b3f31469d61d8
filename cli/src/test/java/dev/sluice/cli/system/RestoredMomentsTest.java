package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.RestorePoint;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A moment that was noted while an application wrote, restored: what was committed by then. */
@Timeout(120)
class RestoredMomentsTest {
  private static final int COMMITS = 200;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /**
   * Of the states at which a file of the backup ends, the last one with no commit after the moment.
   * After every other commit the node is asked for its position, so it has seen that commit when
   * the moment is noted; of the others it may hear a moment later.
   */
  @ParameterizedTest
  @CsvSource({"file, 1s", "s3, 300ms"})
  void areWhatWasCommittedByThen(String scheme, String syncInterval) throws Exception {
    long seed = Campaign.seed();
    Random random = new Random(seed);
    try (TestStore store = TestStore.open(sandbox, scheme)) {
      Path file = sandbox.path("app.db");
      BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
      List<Instant> moments = new ArrayList<>(List.of(Instant.EPOCH));
      try (Connection connection = SqliteFile.open(file);
          Statement statement = connection.createStatement()) {
        statement.execute("PRAGMA journal_mode=wal");
        statement.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        int port = Sandbox.freePort();
        SluiceProcess process =
            sandbox.replicate(
                file,
                backup.url(),
                "--sync-interval",
                syncInterval,
                "--listen",
                "127.0.0.1:" + port);
        assertThat(Run.sluice("sync", file).status()).isZero();
        for (int i = 1; i <= COMMITS; i++) {
          statement.execute("INSERT INTO t VALUES(" + i + ", randomblob(200))");
          if (i % 2 == 0) {
            Http.text("http://127.0.0.1:" + port + "/v1/position?database=app.db");
          }
          moments.add(Instant.now());
          TimeUnit.MILLISECONDS.sleep(10 + random.nextInt(30));
        }
        assertThat(Run.sluice("sync", file).status()).isZero();
        process.stop();
      }
      TreeSet<Integer> ends = new TreeSet<>();
      for (RestorePoint point : backup.points()) {
        ends.add(commits(backup, "--txid", Txid.format(point.txid())));
      }
      assertThat(ends).contains(0, COMMITS).hasSizeGreaterThan(4);
      for (int i = 1; i <= COMMITS; i += 1 + random.nextInt(8)) {
        int commits = commits(backup, "--timestamp", moments.get(i));
        int seen = i % 2 == 0 ? i : i - 1;
        assertThat(commits)
            .as("after commit %d, at %s, of %s", i, moments.get(i), ends)
            .isGreaterThanOrEqualTo(ends.floor(seen))
            .isLessThanOrEqualTo(i);
        assertThat(ends).contains(commits);
      }
    } catch (Exception | AssertionError e) {
      throw Campaign.failed(seed, e);
    }
  }

  /** How many commits the restored database has: those up to the last one, without a gap. */
  private int commits(BackupStore backup, Object... moment) throws Exception {
    backup.restore(moment);
    String row = SqliteFile.query(backup.restored(), "SELECT count(*), ifnull(max(id), 0) FROM t");
    int count = Integer.parseInt(row.substring(0, row.indexOf('|')));
    assertThat(row).isEqualTo(count + "|" + count);
    return count;
  }
}
