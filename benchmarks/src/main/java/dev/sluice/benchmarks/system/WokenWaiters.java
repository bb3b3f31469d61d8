package dev.sluice.benchmarks.system;

import dev.sluice.log.Database;
import dev.sluice.log.Databases;
import dev.sluice.log.LogEntry;
import dev.sluice.log.WaitOutcome;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * What of {@link Waiters} is Sluice's own: {@code HOW_MANY DIRECTORY}. So many waiters within the
 * process wait for one transaction, as requests do that the proxy holds; prints in milliseconds,
 * from the moment in which a follower has applied it, when the first was woken, the median, 99 %
 * and the last; of eleven rounds that with the median of the latter.
 */
final class WokenWaiters {
  private static final int ROUNDS = 11;
  private static final int PAGE_SIZE = 4096;
  private static final long TIMEOUT_MILLIS = 60_000;

  private WokenWaiters() {}

  /** See above. */
  public static void main(String[] args) throws IOException {
    int count = Integer.parseInt(args[0]);
    Path directory = Path.of(args[1]);
    try (Databases there = Databases.open(directory.resolve("primary").resolve("db"));
        Databases here = Databases.open(directory.resolve("follower").resolve("db"))) {
      Database primary = there.open("app.db");
      Database follower = here.open("app.db");
      double[][] rounds = new double[ROUNDS][];
      for (int round = 0; round < ROUNDS; round++) {
        byte content = (byte) round;
        primary.commit(PAGE_SIZE, 1, new int[] {1}, 1, (pgno, page) -> fill(page, content));
        for (LogEntry entry : primary.log().after(follower.position().txid(), 1)) {
          follower.append(primary.log().source(entry));
        }
        rounds[round] = wake(follower, count);
      }
      Arrays.sort(rounds, (a, b) -> Double.compare(a[a.length - 1], b[b.length - 1]));
      double[] times = rounds[ROUNDS / 2];
      System.out.printf(
          "%.2f %.2f %.2f %.2f%n",
          times[0], times[count / 2], times[count * 99 / 100], times[count - 1]);
    }
  }

  private static void fill(ByteBuffer page, byte content) {
    while (page.hasRemaining()) {
      page.put(content);
    }
  }

  /** Milliseconds from having applied until each was woken, ascending. */
  private static double[] wake(Database follower, int count) {
    Position wanted = follower.position();
    long[] woken = new long[count];
    CompletableFuture<?>[] all = new CompletableFuture<?>[count];
    for (int i = 0; i < count; i++) {
      int waiter = i;
      all[i] =
          follower
              .await(wanted, TIMEOUT_MILLIS)
              .thenAccept(
                  outcome -> {
                    if (outcome != WaitOutcome.REACHED) {
                      throw new IllegalStateException("a waiter was told " + outcome);
                    }
                    woken[waiter] = System.nanoTime();
                  });
      if (all[i].isDone()) {
        throw new IllegalStateException("a waiter was told before the transaction was applied");
      }
    }
    long applied = System.nanoTime();
    follower.markApplied(wanted);
    CompletableFuture.allOf(all).join();
    return Arrays.stream(woken).sorted().mapToDouble(at -> (at - applied) / 1e6).toArray();
  }
}
