package dev.sluice.cli.system;

import dev.sluice.cli.system.Loads.Load;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code kill -9} at random moments under write load: what an application was told is committed is
 * there afterwards, positions go on, and all copies become the same bytes again.
 */
class KillTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final Loads loads =
      new Loads(
          sandbox,
          new Load("wal-full.db", "wal", "full", 2),
          new Load("wal-normal.db", "wal", "normal", 1),
          new Load("delete.db", "delete", "full", 1),
          new Load("persist.db", "persist", "normal", 1));

  private String listen = "";
  private String url = "";

  @Test
  void primary() throws Exception {
    listen = "127.0.0.1:" + Sandbox.freePort();
    url = "http://" + listen;
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    SluiceProcess primary = sandbox.primary(listen);
    SluiceProcess follower = sandbox.follower(url);
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        Random random = new Random(seed);
        List<Subprocess> writers = loads.startWriters(random);
        if (random.nextInt(3) == 0) {
          pause(random.nextInt(500));
          follower.kill();
          follower = sandbox.follower(url);
        }
        pause(random.nextInt(1500));
        primary.kill();
        loads.readAcknowledged(writers);
        primary = sandbox.primary(listen);
        for (Load load : loads.all) {
          loads.check(load);
        }
        // Everything goes on: another few transactions, then all copies are compared.
        loads.writeSome(random);
        for (Load load : loads.all) {
          loads.check(load);
          loads.compare(load, url, follower.url());
        }
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      System.out.println("kill " + (seed - first + 1) + " of " + rounds + " survived");
    }
    loads.checkStore();
  }

  /** The application dies between and in its commits, while others have the database open. */
  @Test
  void application() throws Exception {
    url = sandbox.primary().url();
    SluiceProcess follower = sandbox.follower(url);
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    for (Load load : loads.all) {
      Path file = sandbox.path("mnt").resolve(load.name);
      try (Connection other = SqliteFile.open(file);
          Statement statement = other.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + load.mode);
        statement.execute("CREATE TABLE seen(n)");
        for (long seed = first; seed < first + rounds; seed++) {
          Random random = new Random(seed);
          try {
            Subprocess writer = loads.startWriter(load, 0, random, 1_000_000);
            writer.await(line -> line.startsWith("done"));
            pause(random.nextInt(300));
            writer.kill();
            loads.readAcknowledged(List.of(writer));
            statement.execute("INSERT INTO seen SELECT count(*) FROM t");
            loads.check(load);
            loads.compare(load, url, follower.url());
          } catch (Exception | AssertionError e) {
            throw Campaign.failed(seed, e);
          }
        }
      }
    }
  }

  /** The random moment. */
  private static void pause(int millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis);
  }
}
