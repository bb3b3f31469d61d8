package dev.sluice.cli.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Databases on the mount of a primary that processes write to while something dies, and what is
 * known of them: what was acknowledged has to be there, and all copies are the same bytes.
 */
final class Loads {
  /** A database that is written to in every round. */
  static final class Load {
    final String name;
    final String mode;
    final String synchronous;
    final int writers;
    private Position seen = Position.NONE;
    private final Map<Integer, Integer> acknowledged = new HashMap<>();

    Load(String name, String mode, String synchronous, int writers) {
      this.name = name;
      this.mode = mode;
      this.synchronous = synchronous;
      this.writers = writers;
    }
  }

  private final Sandbox sandbox;
  final List<Load> all;
  private final Map<Subprocess, Map.Entry<Load, Integer>> written = new HashMap<>();

  Loads(Sandbox sandbox, Load... loads) {
    this.sandbox = sandbox;
    this.all = List.of(loads);
  }

  /** Starts processes that write until they are stopped; each has committed when this returns. */
  List<Subprocess> startWriters(Random random) throws Exception {
    List<Subprocess> writers = startWriters(random, 1_000_000);
    for (Subprocess writer : writers) {
      writer.await(line -> line.startsWith("done"));
    }
    return writers;
  }

  private List<Subprocess> startWriters(Random random, int limit) throws Exception {
    List<Subprocess> writers = new ArrayList<>();
    for (Load load : all) {
      for (int w = 0; w < load.writers; w++) {
        writers.add(startWriter(load, w, random, limit));
      }
    }
    return writers;
  }

  Subprocess startWriter(Load load, int w, Random random, int limit) throws Exception {
    Path file = file(load);
    int seed = random.nextInt(1 << 30);
    Subprocess writer =
        sandbox.python("writer.py", file, load.mode, load.synchronous, w, seed, limit);
    written.put(writer, Map.entry(load, w));
    return writer;
  }

  /** A few more transactions for each database, which have to work. */
  void writeSome(Random random) throws Exception {
    for (Subprocess writer : startWriters(random, 5)) {
      assertThat(writer.status()).isZero();
      assertThat(writer.lines()).noneMatch(line -> line.startsWith("ended"));
      readAcknowledged(List.of(writer));
    }
  }

  /** Takes note of what writers, which have ended, were told is committed. */
  void readAcknowledged(List<Subprocess> writers) throws Exception {
    for (Subprocess writer : writers) {
      writer.status();
      Map.Entry<Load, Integer> of = written.remove(writer);
      Load load = of.getKey();
      for (String line : writer.lines()) {
        if (line.startsWith("done ")) {
          load.acknowledged.put(of.getValue(), Integer.parseInt(line.substring(5)));
        } else if (line.startsWith("at ")) {
          Position at = Position.parse(line.substring(3));
          if (at.txid() > load.seen.txid()) {
            load.seen = at;
          }
        }
      }
      sandbox.forget(writer);
    }
  }

  Path file(Load load) {
    return sandbox.path("mnt").resolve(load.name);
  }

  /** After a process died: nothing acknowledged is missing, and positions go on. */
  void check(Load load) throws Exception {
    checkRows(load, true);
    Position now = sandbox.position(load.name);
    assertThat(Long.compareUnsigned(now.txid(), load.seen.txid()))
        .as("%s went from %s back to %s", load.name, load.seen, now)
        .isNotNegative();
    if (now.txid() == load.seen.txid()) {
      assertThat(now).as(load.name).isEqualTo(load.seen);
    }
    load.seen = now;
  }

  /**
   * Each writer's transactions are there without a gap.
   *
   * @param durable whether all that were acknowledged have to be
   */
  void checkRows(Load load, boolean durable) throws Exception {
    try {
      checkRowsOf(load, durable);
    } catch (SQLException e) {
      throw new AssertionError(load.name + ": " + e.getMessage(), e);
    }
  }

  private void checkRowsOf(Load load, boolean durable) throws Exception {
    Path file = file(load);
    assertThat(SqliteFile.query(file, "PRAGMA integrity_check")).as(load.name).isEqualTo("ok");
    if (!durable
        && SqliteFile.query(file, "SELECT count(*) FROM sqlite_master WHERE name='counters'")
            .equals("0")) {
      load.acknowledged.clear();
      return;
    }
    for (Map.Entry<Integer, Integer> each : load.acknowledged.entrySet()) {
      String row =
          SqliteFile.query(
              file,
              "SELECT count(*), coalesce(max(i), 0), (SELECT coalesce(max(n), 0) FROM counters WHERE w='%1$d')"
                      .formatted(each.getKey())
                  + " FROM t WHERE w='%1$d'".formatted(each.getKey()));
      int n = Integer.parseInt(row.substring(0, row.indexOf('|')));
      assertThat(row)
          .as("%s, its writer %s", load.name, each.getKey())
          .isEqualTo("%1$d|%1$d|%1$d".formatted(n));
      // The last transaction may have been committed without the writer hearing of it.
      assertThat(n).as(load.name).isBetween(durable ? each.getValue() : 0, each.getValue() + 1);
      each.setValue(n);
    }
  }

  /** After a loss of power a position may be one that was given to other content before. */
  void forgetPosition(Load load) {
    load.seen = Position.NONE;
  }

  /** The database, its rolling checksum, the follower at {@code mnt2} and a restore agree. */
  void compare(Load load, String primary, String follower) throws Exception {
    byte[] expected = SqliteFile.pages(file(load));
    Position position = sandbox.position(load.name);
    assertThat(Txid.format(SqliteFile.checksum(expected)))
        .as("%s: the checksum computed afresh, at %s", load.name, position)
        .isEqualTo(Txid.format(position.checksum()));
    sandbox.await(follower, load.name, position);
    same(load, "follower", expected, SqliteFile.pages(sandbox.path("mnt2").resolve(load.name)));
    Path restored = sandbox.restore(primary, load.name, position);
    same(load, "restored file", expected, Files.readAllBytes(restored));
    Files.delete(restored);
  }

  private static void same(Load load, String what, byte[] expected, byte[] actual) {
    assertThat(Arrays.equals(expected, actual))
        .as("%s, %s: %s", load.name, what, SqliteFile.difference(expected, actual))
        .isTrue();
  }

  /** Every transaction is in the store, and in level 0, as far back as that goes, once. */
  void checkStore() throws IOException {
    for (Load load : all) {
      Path levels = sandbox.path("store").resolve(load.name + "/ltx");
      long next = 1;
      for (LtxFileName file : files(levels, Integer.MAX_VALUE)) {
        assertThat(file.minTxid()).as("%s: %s", load.name, file).isLessThanOrEqualTo(next);
        next = Math.max(next, file.maxTxid() + 1);
      }
      next = 0;
      for (LtxFileName file : files(levels.resolve("0"), 1)) {
        assertThat(file.minTxid())
            .as("%s: %s", load.name, file)
            .isEqualTo(next == 0 ? file.minTxid() : next);
        next = file.maxTxid() + 1;
      }
    }
  }

  private static List<LtxFileName> files(Path directory, int depth) throws IOException {
    try (Stream<Path> files = Files.walk(directory, depth)) {
      return files
          .map(file -> file.getFileName().toString())
          .flatMap(name -> LtxFileName.tryParse(name).stream())
          .sorted(Comparator.comparing(LtxFileName::minTxid))
          .toList();
    }
  }
}
