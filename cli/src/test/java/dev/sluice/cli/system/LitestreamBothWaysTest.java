package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.RestorePoint;
import dev.sluice.restore.StoredFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Litestream and {@code sluice replicate} on one replica, each as a process, in a directory and on
 * a real S3 server: each restores what the other wrote to the same bytes.
 */
@SuppressWarnings("NullAway") // Each test sets the fields first.
@Timeout(120)
class LitestreamBothWaysTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private Litestream litestream;
  private TestStore store;

  /** What the database held after each transaction that ends a file of level 0. */
  private final NavigableMap<Long, byte[]> history = new TreeMap<>();

  /** A moment after each of them, before the next. */
  private final NavigableMap<Long, Instant> moments = new TreeMap<>();

  private void open(String scheme) throws Exception {
    litestream = new Litestream(sandbox);
    store = TestStore.open(sandbox, scheme);
  }

  @AfterEach
  void close() {
    if (store != null) {
      store.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "s3"})
  void litestreamRestoresWhatSluiceWrote(String scheme) throws Exception {
    open(scheme);
    Path data = Files.createDirectories(sandbox.path("data"));
    Path file = data.resolve("app.db");
    Files.writeString(
        sandbox.path("sluice.yml"),
        """
        data: data
        store: %s
        sync-interval: 100ms
        levels: [1s, 3s]
        snapshot-interval: 3s
        retention: 5s
        l0-retention: 2s
        """
            .formatted(store.url()));
    BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
    sql(file, "PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    SluiceProcess process =
        sandbox.sluice("replicate", "replicate", "--config", sandbox.path("sluice.yml"));
    process.await(line -> line.startsWith("replicating "));
    for (int i = 0; i < 4; i++) {
      step(file);
    }
    long first = history.firstKey();
    assertThat(backup.points()).extracting(RestorePoint::txid).containsAll(history.keySet());
    same(backup);
    for (int i = 0; i < 12; i++) {
      Thread.sleep(700);
      step(file);
    }
    Replicated.eventually(
        "merged, with a snapshot, and without what has expired",
        () ->
            backup.files().stream()
                    .map(StoredFile::level)
                    .collect(Collectors.toSet())
                    .containsAll(List.of(0, 1, 2, 9))
                && backup.points().get(0).txid() > first);
    step(file);
    process.stop();
    same(backup);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "s3"})
  void sluiceRestoresWhatLitestreamWroteAndGoesOnWithIt(String scheme) throws Exception {
    open(scheme);
    String url = store.database("app.db");
    Path file = sandbox.path("app.db");
    BackupStore backup = new BackupStore(sandbox, url);
    sql(file, "PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    litestream.replicate(
        file,
        url,
        () -> {
          for (int i = 0; i < 3; i++) {
            change(file);
            Thread.sleep(1500);
          }
        });
    assertThat(backup.restore()).isEqualTo(litestream.restore(url)).isEqualTo(pages(file));
    for (RestorePoint point : backup.points()) {
      history.put(point.txid(), litestream.restore(url, "-txid", Txid.format(point.txid())));
    }
    assertThat(history).hasSizeGreaterThanOrEqualTo(3);
    same(backup);
    long theirs = history.lastKey();

    SluiceProcess process = sandbox.replicate(file, url, "--sync-interval", "100ms");
    for (int i = 0; i < 4; i++) {
      step(file);
    }
    process.stop();
    assertThat(history.lastKey()).isGreaterThan(theirs);
    assertThat(backup.points()).extracting(RestorePoint::txid).containsAll(history.keySet());
    same(backup);
  }

  /** A change, and all of it in the store. */
  private void step(Path file) throws Exception {
    change(file);
    Run run = Run.sluice("sync", file);
    assertThat(run.status()).as(run.err()).isZero();
    long txid = Position.parse(run.out().strip()).txid();
    history.put(txid, pages(file));
    moments.put(txid, Instant.now());
  }

  private void change(Path file) throws Exception {
    sql(
        file,
        "INSERT INTO t(v) SELECT randomblob(3000) FROM generate_series(1,20);"
            + "DELETE FROM t WHERE id%7=3; UPDATE t SET v=randomblob(500) WHERE id%11=1");
  }

  /** Both restore every state that is there to what it was, and every moment alike. */
  private void same(BackupStore backup) throws Exception {
    String url = backup.url();
    assertThat(litestream.restore(url)).isEqualTo(history.lastEntry().getValue());
    assertThat(backup.restore()).isEqualTo(history.lastEntry().getValue());
    for (RestorePoint point : backup.points()) {
      String txid = Txid.format(point.txid());
      byte[] expected = history.get(point.txid());
      byte[] theirs = litestream.restore(url, "-txid", txid);
      Copies.same("Litestream at " + txid, expected == null ? theirs : expected, theirs);
      Copies.same("Sluice at " + txid, theirs, backup.restore("--txid", txid));
    }
    // A moment needs a whole database from before it, by the time in its metadata, which is at most
    // that of its put. And Litestream refuses what is after all puts. S3 gives the times of puts in
    // seconds, rounded down.
    List<Instant> puts =
        backup.files().stream()
            .filter(StoredFile::isSnapshot)
            .map(StoredFile::lastModified)
            .sorted()
            .toList();
    Instant first = puts.get(0).plusSeconds(1);
    Instant last =
        backup.files().stream()
            .map(StoredFile::lastModified)
            .max(Comparator.naturalOrder())
            .orElseThrow();
    for (Instant moment : moments.values()) {
      if (moment.isBefore(first) || moment.isAfter(last)) {
        continue;
      }
      Copies.same(
          "at " + moment,
          litestream.restore(url, "-timestamp", moment.toString()),
          backup.restore("--timestamp", moment));
    }
  }

  private static byte[] pages(Path file) throws Exception {
    return SqliteFile.pages(file);
  }

  private void sql(Path file, String sql) throws Exception {
    sandbox.run("sqlite3", "-cmd", ".timeout 10000", file, sql);
  }
}
