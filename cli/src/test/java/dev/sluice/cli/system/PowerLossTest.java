package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Run;
import dev.sluice.cli.TestJvm;
import dev.sluice.cli.system.Loads.Load;
import dev.sluice.fuse.PowerLossDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The power of the primary's machine is lost at random moments under write load. What is left is
 * what was fsynced, and of the rest nothing or a random part. Afterwards the databases are what
 * SQLite promises for their journal mode, and followers and store go on with them.
 */
class PowerLossTest {
  @RegisterExtension final Sandbox sandbox = new Sandbox();

  private final Loads loads =
      new Loads(
          sandbox,
          new Load("wal-full.db", "wal", "full", 2),
          new Load("wal-normal.db", "wal", "normal", 1),
          new Load("delete.db", "delete", "extra", 1),
          new Load("truncate.db", "truncate", "full", 1),
          new Load("persist.db", "persist", "normal", 1));

  /** The disk of the primary, in a process of its own that outlives a loss of power. */
  private final class Disk {
    private final Path directory;
    private final Subprocess process;

    Disk(Path live, String name) throws IOException, InterruptedException {
      directory = sandbox.path(name);
      Files.createDirectories(mountPoint());
      Path disk = Files.createDirectories(directory.resolve("disk"));
      List<String> command = new ArrayList<>(TestJvm.command(PowerLossDisk.class));
      command.addAll(List.of(live.toString(), disk.toString(), mountPoint().toString()));
      process = sandbox.keep(new Subprocess(name, directory, command));
      process.await(line -> line.equals("ready"));
    }

    private Path mountPoint() {
      return directory.resolve("mnt");
    }

    Path data() {
      return mountPoint().resolve("data");
    }

    /** What the disk holds if the power is lost now. */
    Path lose(Random random) throws IOException, InterruptedException {
      Path left = directory.resolve("left");
      String how = random.nextInt(3) == 0 ? "none" : "random";
      process.send("lose " + how + " " + random.nextInt(1 << 30) + " " + left);
      process.await(line -> line.equals("lost"));
      return left;
    }

    void close() throws Exception {
      process.process().getOutputStream().close();
      process.status();
      sandbox.forget(process);
      remove(directory.resolve("disk"));
    }
  }

  /** A long campaign would fill the machine's disk. */
  private static void remove(Path directory) throws Exception {
    Run.process("rm", "-rf", "--one-file-system", directory).ok();
  }

  @Test
  void primary() throws Exception {
    String listen = "127.0.0.1:" + Sandbox.freePort();
    String url = "http://" + listen;
    long first = Campaign.seed();
    int rounds = Campaign.rounds(5);
    Path live = Files.createDirectories(sandbox.path("live"));
    Disk disk = new Disk(live, "disk");
    SluiceProcess primary = sandbox.primary(listen, Files.createDirectories(disk.data()));
    SluiceProcess follower = sandbox.follower(url);
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        Random random = new Random(seed);
        List<Subprocess> writers = loads.startWriters(random);
        TimeUnit.MILLISECONDS.sleep(random.nextInt(2000));
        Path before = live;
        live = disk.lose(random);
        // The system runs on; what Sluice noted of its start makes it believe that it was another.
        Files.deleteIfExists(live.resolve("data/.sluice/boot"));
        // The applications first: SQLite takes a directory that it can't open for one it has
        // synced.
        for (Subprocess writer : writers) {
          writer.kill();
        }
        primary.kill();
        loads.readAcknowledged(writers);
        sandbox.unmount("mnt");
        disk.close();
        remove(before);
        Campaign.keep(live);
        checkWithSqliteAlone(live, seed);

        disk = new Disk(live, "disk" + seed);
        primary = sandbox.primary(listen, disk.data());
        for (Load load : loads.all) {
          loads.checkRows(load, isDurable(load));
          loads.forgetPosition(load);
        }
        loads.writeSome(random);
        for (Load load : loads.all) {
          loads.check(load);
          loads.compare(load, url, follower.url());
        }
      } catch (Exception | AssertionError e) {
        throw Campaign.failed(seed, e);
      }
      System.out.println("loss of power " + (seed - first + 1) + " of " + rounds + " survived");
    }
    loads.checkStore();
  }

  private static boolean isDurable(Load load) {
    return !load.synchronous.equals("normal");
  }

  /**
   * That the disk is not stricter than SQLite expects: its own recovery gives sound databases. Not
   * with a WAL: versions before 3.51 leave committed frames unsealed (the writers here do what
   * brings that about), find fewer after a loss of power than a checkpoint has brought into the
   * main file, and have a damaged database. Sluice saves those, too.
   */
  private void checkWithSqliteAlone(Path left, long seed) throws Exception {
    Path copy = Files.createDirectories(sandbox.path("alone" + seed));
    try (Stream<Path> files = Files.list(left.resolve("data"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    for (Load load : loads.all) {
      Path file = copy.resolve(load.name);
      if (!load.mode.equals("wal") && Files.exists(file)) {
        assertThat(SqliteFile.query(file, "PRAGMA integrity_check"))
            .as("%s by SQLite alone", load.name)
            .isEqualTo("ok");
      }
    }
    remove(copy);
  }
}
