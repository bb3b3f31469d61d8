package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not SQLite, and takes no locks, on the mount of a follower. */
class FollowerFilesTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  /** Nothing would bring them back: the primary sends what changes. */
  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void areNotDestroyed(String mode) throws Exception {
    SluiceProcess primary = sandbox.primary();
    SluiceProcess follower = sandbox.follower(primary.url());
    Copies copies = new Copies(sandbox, primary, follower);
    String name = "dir/app.db";
    Path there = copies.mounted(name);
    Path copy = copies.followed(name);
    sandbox.run("mkdir", sandbox.path("mnt/dir"));
    sandbox.run("sqlite3", there, "PRAGMA journal_mode=" + mode + "; CREATE TABLE t(x)");
    copies.live(name);
    Path other = sandbox.path("other.db");
    sandbox.run("sqlite3", other, "CREATE TABLE u(y)");
    String refused = "Read-only file system";
    for (List<String> command :
        List.of(
            List.of("rm", copy.toString()),
            List.of("cp", other.toString(), copy.toString()),
            List.of("truncate", "-s", "0", copy.toString()),
            List.of("mv", copy.toString(), copy + ".old"),
            List.of(
                "mv", sandbox.path("mnt2/dir").toString(), sandbox.path("mnt2/d").toString()))) {
      Subprocess process = sandbox.keep(new Subprocess("command", sandbox.directory(), command));
      assertThat(process.status()).as("%s", command).isNotZero();
      assertThat(process.err()).as("%s", command).contains(refused);
    }
    if (mode.equals("wal")) {
      for (String suffix : List.of("-wal", "-shm")) {
        Subprocess process =
            sandbox.keep(new Subprocess("rm", sandbox.directory(), List.of("rm", copy + suffix)));
        assertThat(process.status()).isNotZero();
        assertThat(process.err()).contains(refused);
      }
    }
    assertThat(follower.err()).contains("(rm) may not delete").contains("do that on the primary");
    // What SQLite does on a follower goes on, and so does replication.
    assertThat(SqliteFile.query(copy, "PRAGMA wal_checkpoint")).isNotNull();
    sandbox.run("sqlite3", there, "INSERT INTO t VALUES(1); VACUUM");
    copies.live(name);
    // Other files are free, and a deletion on the primary is one here.
    sandbox.run("cp", other, sandbox.path("mnt2/dir/other.txt"));
    sandbox.run("rm", sandbox.path("mnt2/dir/other.txt"));
    sandbox.run("rm", there);
    copies.gone(name);
  }
}
