package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import dev.sluice.restore.StoredFile;
import dev.sluice.store.s3.FaultyProxy;
import dev.sluice.store.s3.FaultyProxy.Fault;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code sluice replicate} and an S3 server that has trouble, while an application writes. */
@Timeout(180)
class StoreFaultsTest {
  private static final int ROWS = 100;

  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** One trouble after another, each for longer than several syncs and merges take. */
  @Test
  void nothingIsLost() throws Exception {
    try (TestStore store = TestStore.open(sandbox, "s3");
        FaultyProxy proxy = new FaultyProxy(store.port())) {
      Path file = sandbox.path("app.db");
      sandbox.run(
          "sqlite3", file, "PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
      SluiceProcess process =
          sandbox.replicate(
              file,
              store.database("app.db", proxy.endpoint()),
              "--sync-interval",
              "50ms",
              "--levels",
              "500ms,2s",
              "--listen",
              "127.0.0.1:0");
      BackupStore backup = new BackupStore(sandbox, store.database("app.db"));
      List<Trouble> troubles = new ArrayList<>(List.of(proxy::refuse));
      for (Fault fault :
          List.of(
              Fault.HANGS,
              Fault.HANGS_UNREAD,
              Fault.DROPPED,
              Fault.TOO_MANY,
              Fault.SLOW_DOWN,
              Fault.ANSWER_CUT)) {
        troubles.add(() -> proxy.inject(fault, ".*", Integer.MAX_VALUE));
      }
      troubles.add(() -> proxy.inject(Fault.ANSWER_LOST, "PUT .*", Integer.MAX_VALUE));
      for (int i = 0; i < troubles.size(); i++) {
        Subprocess writer = sandbox.python("replicated.py", "steady", file, ROWS);
        writer.nextLine();
        troubles.get(i).begin();
        TimeUnit.MILLISECONDS.sleep(900);
        proxy.heal();
        assertThat(writer.status()).as(writer.toString()).isZero();
        Run sync = Run.sluice("sync", file, "--timeout", "60s");
        assertThat(sync.status()).as("after trouble %d: %s", i, sync.err()).isZero();
        assertThat(SqliteFile.query(file, "SELECT count(*) FROM t"))
            .isEqualTo(String.valueOf(ROWS * (i + 1)));
        Copies.same("restored after trouble " + i, SqliteFile.pages(file), backup.restore());
      }
      Position position = Position.parse(Run.sluice("sync", file).ok().out().strip());
      process.stop();
      Copies.same("restored in the end", SqliteFile.pages(file), backup.restore());
      long next = 1;
      for (StoredFile shipped : backup.files()) {
        if (shipped.level() == 0) {
          // When an answer was lost, the next file may begin where that one did.
          assertThat(shipped.minTxid()).as(shipped.key()).isLessThanOrEqualTo(next);
          next = shipped.maxTxid() + 1;
        }
      }
      assertThat(next - 1).isEqualTo(position.txid());
      Run verify = Run.sluice("verify", backup.url());
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
      assertThat(process.err()).contains("app.db: not shipped").contains("no longer not shipped");
    }
  }

  @FunctionalInterface
  private interface Trouble {
    void begin() throws Exception;
  }
}
