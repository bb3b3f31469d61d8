package dev.sluice.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An applier killed at any moment leaves one of the transactions, which the next continues from.
 */
class KilledApplierTest {
  private static final int ROUNDS = 10;
  private static final int TRANSACTIONS = 400;

  @ParameterizedTest
  @CsvSource({"wal,512,true", "wal,4096,false", "delete,512,true", "delete,4096,false"})
  void leavesAWholeTransaction(
      String mode, int pageSize, boolean besideReader, @TempDir Path directory) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Path replica = directory.resolve("replica.db");
    Path file = directory.resolve("transactions");
    byte[] image;
    // Rows after each transaction tell which one a state is.
    List<Integer> rows = new ArrayList<>();
    try (Primary primary = new Primary(directory.resolve("primary.db"), pageSize);
        DataOutputStream out =
            new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      List<Transaction> first = new ArrayList<>(primary.pragma("pragma journal_mode=" + mode));
      first.addAll(primary.setUp());
      int total = 0;
      try (ReplicaWriter writer = ReplicaWriter.open(replica, ReplicaOptions.DEFAULT)) {
        for (Transaction transaction : first) {
          transaction.applyTo(writer);
        }
      }
      for (int i = 0; i < TRANSACTIONS; i++) {
        int added = random.nextInt(20) == 0 ? 300 : 1 + random.nextInt(5);
        primary.insert(added, random.nextInt(1000)).get(0).writeTo(out);
        total += added;
        rows.add(total);
      }
      image = primary.image();
    }
    int next = 0;
    try (Tool reader =
        Tool.python(
            replica,
            """
            c = connect()
            for line in sys.stdin:
                k = state(c)
                assert c.execute('pragma integrity_check').fetchall() == [('ok',)]
                say(k)
            """)) {
      for (int round = 0; round < ROUNDS; round++) {
        int reported = kill(replica, file, next, random);
        int count;
        if (besideReader) {
          reader.send("look");
          count = Integer.parseInt("" + reader.line());
        } else {
          String[] found =
              Tool.sqlite(replica, "pragma integrity_check; select n from c").split("\n", -1);
          assertThat(found[0]).isEqualTo("ok");
          count = Integer.parseInt(found[1]);
        }
        int state = count == 0 ? -1 : rows.indexOf(count);
        assertThat(state).as("seed " + seed).isIn(reported, reported + 1);
        next = state + 1;
      }
      reader.endInput();
      reader.finish();
    }
    try (Tool applier = start(replica, file, next)) {
      assertThat(applier.finish()).endsWith("end");
    }
    assertThat(Files.readAllBytes(replica)).as("seed " + seed).isEqualTo(image);
    assertThat(directory.resolve("replica.db-wal")).doesNotExist();
  }

  /** Lets an applier run for a while; the last transaction that it said is applied. */
  private static int kill(Path replica, Path file, int first, Random random) throws Exception {
    int reported = first - 1;
    try (Tool applier = start(replica, file, first)) {
      int until = Math.min(first + random.nextInt(2 * TRANSACTIONS / ROUNDS), TRANSACTIONS - 1);
      while (reported < until) {
        reported = Integer.parseInt("" + applier.line());
      }
      LockSupport.parkNanos(random.nextInt(2_000_000));
      applier.kill();
      for (String line = applier.line(); line != null && !line.equals("end"); ) {
        reported = Integer.parseInt(line);
        line = applier.line();
      }
    }
    return reported;
  }

  private static Tool start(Path replica, Path file, int first) throws Exception {
    return Tool.start(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ApplierMain.class.getName(),
            replica.toString(),
            file.toString(),
            "" + first));
  }
}
