package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The commands about stores, and the node that they speak to. */
@Timeout(120)
class StoreCommandsTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private SluiceProcess mount(Object... more) throws Exception {
    Object[] args =
        Stream.concat(
                Stream.of(
                    "mount",
                    "--data",
                    sandbox.path("data"),
                    "--store",
                    "file://" + sandbox.path("one"),
                    "--store",
                    "file://" + sandbox.path("two"),
                    "--sync-interval",
                    "1h"),
                Stream.concat(Stream.of(more), Stream.of(sandbox.path("mnt"))))
            .toArray();
    Files.createDirectories(sandbox.path("mnt"));
    return sandbox.sluice("node", args).serving();
  }

  private void insert(String value) throws Exception {
    sandbox.run(
        "sqlite3",
        sandbox.path("mnt/shop/app.db"),
        "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES('" + value + "')");
  }

  private String restored(String store) throws Exception {
    Path out = sandbox.path("restored.db");
    Run.sluice("restore", "file://" + sandbox.path(store) + "/shop/app.db", "-o", out, "--force");
    return SqliteFile.query(out, "SELECT group_concat(x) FROM t");
  }

  @Test
  void syncWaitsForEveryStoreAndSnapshotMakesOne() throws Exception {
    for (List<Object> listen : List.of(List.of(), List.<Object>of("--listen", "127.0.0.1:0"))) {
      SluiceProcess node = mount(listen.toArray());
      Files.createDirectories(sandbox.path("mnt/shop"));
      Path data = sandbox.path("data/shop/app.db");
      String value = "v" + listen.size();
      insert(value);
      Position position = sandbox.position("shop/app.db");
      assertThat(Run.sluice("sync", data).ok().out().strip()).isEqualTo(position.toString());
      assertThat(restored("one")).endsWith(value);
      assertThat(restored("two")).endsWith(value);
      assertThat(Run.sluice("snapshot", data).ok().out().strip()).isEqualTo(position.toString());
      for (String store : List.of("one", "two")) {
        assertThat(sandbox.path(store).resolve("shop/app.db/ltx/9")).isNotEmptyDirectory();
      }
      assertThat(Run.sluice("status", data).ok().out())
          .contains("shop/app.db", position.toString(), "one", "two");
      Run unknown = Run.sluice("sync", sandbox.path("data/no.db"));
      assertThat(unknown.status()).isEqualTo(1);
      assertThat(unknown.err()).contains("unknown database");
      Path address = sandbox.path("data/.sluice/node.url");
      assertThat(Files.getPosixFilePermissions(address)).hasSize(2);
      node.stop();
      assertThat(address).doesNotExist();
    }
  }

  @Test
  void pruneDeletesWhatNothingNeeds() throws Exception {
    SluiceProcess node = mount();
    Files.createDirectories(sandbox.path("mnt/shop"));
    Path data = sandbox.path("data/shop/app.db");
    for (int i = 0; i < 4; i++) {
      insert("v" + i);
      Run.sluice("sync", data).ok();
    }
    Run.sluice("snapshot", data).ok();
    insert("last");
    node.stop();
    String url = "file://" + sandbox.path("one") + "/shop/app.db";
    assertThat(Run.sluice("prune", url, "--dry-run").ok().out()).contains("would delete 0 files");
    String plan = Run.sluice("prune", url, "--dry-run", "--retention", "0s").ok().out();
    assertThat(plan).contains("WOULD DELETE").contains("would delete 4 files");
    assertThat(Run.sluice("prune", url, "--retention", "0s").ok().out())
        .contains("deleted 4 files");
    assertThat(restored("one")).isEqualTo("v0,v1,v2,v3,last");
    Run.sluice("prune", "file://" + sandbox.path("one"))
        .fails(
            1,
            "file://"
                + sandbox.path("one")
                + ": no backup there; give the URL of one database, which ends with its name");
  }
}
