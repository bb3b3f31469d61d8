package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Followers of followers.
 *
 * <pre>
 *   primary ──► A, a mount ──► B, a mount
 *                        └───► C, a file ──► D, a file
 * </pre>
 */
@Timeout(240)
class ChainTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private SluiceProcess mount(String name, String follow, int port) throws Exception {
    return sandbox
        .sluice(
            name,
            "mount",
            "--data",
            sandbox.path("data-" + name),
            "--fuse-binding",
            Sandbox.BINDING,
            "--follow",
            follow,
            "--listen",
            "127.0.0.1:" + port,
            sandbox.path("mnt-" + name))
        .serving();
  }

  private SluiceProcess file(String name, String follow, int port) throws Exception {
    return sandbox
        .sluice(
            name,
            "follow",
            follow,
            "shop/app.db",
            sandbox.path(name + ".db"),
            "--listen",
            "127.0.0.1:" + port)
        .serving();
  }

  @Test
  void followersOfFollowers() throws Exception {
    SluiceProcess primary = sandbox.primary();
    Path file = sandbox.path("mnt").resolve("shop/app.db");
    Files.createDirectories(file.getParent());
    sandbox.run(
        "sqlite3", file, "PRAGMA journal_mode=wal; CREATE TABLE b(i INTEGER PRIMARY KEY, v)");
    int portA = Sandbox.freePort();
    String urlA = "http://127.0.0.1:" + portA;
    SluiceProcess a = mount("a", primary.url(), portA);
    SluiceProcess b = mount("b", urlA, 0);
    SluiceProcess c = file("c", urlA, 0);
    SluiceProcess d = file("d", c.url(), 0);
    sandbox.run("sqlite3", file, "INSERT INTO b(v) VALUES('small')");
    same(file, b, c, d);
    // Larger than what is kept in memory on the way, and than what one segment of a log has.
    sandbox.run(
        "sqlite3",
        file,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000)"
            + " INSERT INTO b(v) SELECT randomblob(12000) FROM n");
    same(file, b, c, d);
    Subprocess writer = sandbox.python("writer.py", file, "wal", "normal", 0, 1, 300);
    writer.await(line -> line.equals("done 50"));
    a.kill();
    sandbox.unmount("mnt-a");
    a = mount("a", primary.url(), portA);
    assertThat(writer.status()).isZero();
    same(file, b, c, d);
    // While it is away, more than its log keeps comes to the primary.
    a.stop();
    for (int i = 0; i < 4; i++) {
      sandbox.run("sqlite3", file, "UPDATE b SET v=randomblob(12000) WHERE length(v)=12000");
    }
    sandbox.run("sqlite3", file, "DELETE FROM b WHERE i%3=0; VACUUM");
    a = mount("a", primary.url(), portA);
    sandbox.run("sqlite3", file, "INSERT INTO b(v) VALUES('again')");
    same(file, b, c, d);
    assertThat(SqliteFile.query(sandbox.path("d.db"), "PRAGMA integrity_check")).isEqualTo("ok");
    sandbox.run("sqlite3", sandbox.path("mnt").resolve("new.db"), "CREATE TABLE new(x)");
    sandbox.await(b.url(), "new.db", sandbox.position("new.db"));
    d.stop();
    c.stop();
    b.stop();
    a.stop();
  }

  private void same(Path file, SluiceProcess b, SluiceProcess c, SluiceProcess d) throws Exception {
    Position position = sandbox.position("shop/app.db");
    for (SluiceProcess each : new SluiceProcess[] {b, c, d}) {
      sandbox.await(each.url(), "shop/app.db", position);
    }
    byte[] expected = SqliteFile.pages(file);
    for (Path each :
        new Path[] {
          sandbox.path("mnt-a/shop/app.db"),
          sandbox.path("mnt-b/shop/app.db"),
          sandbox.path("c.db"),
          sandbox.path("d.db")
        }) {
      Copies.same(each.toString(), expected, SqliteFile.pages(each));
    }
  }
}
