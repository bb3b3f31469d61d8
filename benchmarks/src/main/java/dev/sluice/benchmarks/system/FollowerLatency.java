package dev.sluice.benchmarks.system;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * How long a commit on the primary takes until a reader of a follower on the same host sees it. The
 * writer stamps each row with the time before its transaction began; a reader on the follower's
 * mount asks for newer rows all the time. Both are threads of this process, which have one clock.
 */
final class FollowerLatency {
  private static final String FILE = "latency.db";

  /** Between two commits: some 500 a second, so that each is seen alone. */
  private static final long PAUSE_NANOS = 1_700_000;

  /** Between two polls, so that the reader leaves the processors to what is measured. */
  private static final long POLL_NANOS = 20_000;

  /** From before the transaction until seen, and how much of that the transaction was; in µs. */
  record Result(int commits, double p50, double p99, double max, double commitP50) {}

  private FollowerLatency() {}

  /** Makes the database; the follower is started after that. */
  static void prepare(Path primary) throws SQLException {
    Workload.open(primary.resolve(FILE), "WAL", "NORMAL").close();
  }

  static Result run(Path primary, Path follower, int commits, long limitSeconds) throws Exception {
    ExecutorService threads =
        Executors.newFixedThreadPool(
            2,
            task -> {
              Thread thread = new Thread(task, "latency");
              thread.setDaemon(true);
              return thread;
            });
    try {
      long[] seen = new long[commits];
      long[] taken = new long[commits];
      Future<Void> reader = threads.submit(reading(follower, seen));
      Future<Void> writer = threads.submit(writing(primary, taken, reader));
      writer.get(limitSeconds, TimeUnit.SECONDS);
      reader.get(limitSeconds, TimeUnit.SECONDS);
      int warm = commits / 10;
      long[] measured = Arrays.copyOfRange(seen, warm, commits);
      Arrays.sort(measured);
      Arrays.sort(taken);
      return new Result(
          measured.length,
          quantile(measured, 0.5),
          quantile(measured, 0.99),
          quantile(measured, 1),
          quantile(taken, 0.5));
    } catch (ExecutionException | TimeoutException | CancellationException e) {
      throw new SQLException("the follower did not get all commits", e);
    } finally {
      threads.shutdownNow();
    }
  }

  private static double quantile(long[] sorted, double q) {
    return sorted[(int) Math.min(sorted.length - 1, (long) (q * sorted.length))] / 1e3;
  }

  private static Callable<Void> writing(Path primary, long[] taken, Future<Void> reader) {
    return () -> {
      try (Connection connection =
              DriverManager.getConnection("jdbc:sqlite:" + primary.resolve(FILE));
          PreparedStatement synchronous = connection.prepareStatement("PRAGMA synchronous=NORMAL");
          PreparedStatement insert = connection.prepareStatement("INSERT INTO t(v) VALUES(?)")) {
        synchronous.execute();
        for (int i = 0; i < taken.length && !reader.isDone(); i++) {
          long started = System.nanoTime();
          insert.setLong(1, started);
          insert.executeUpdate();
          taken[i] = System.nanoTime() - started;
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
      return null;
    };
  }

  private static Callable<Void> reading(Path follower, long[] seen) {
    return () -> {
      try (Connection connection =
              DriverManager.getConnection("jdbc:sqlite:" + follower.resolve(FILE));
          PreparedStatement select =
              connection.prepareStatement("SELECT id, v FROM t WHERE id>? ORDER BY id")) {
        int last = 0;
        while (last < seen.length && !Thread.currentThread().isInterrupted()) {
          select.setInt(1, last);
          try (ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
              long now = System.nanoTime();
              last = rows.getInt(1);
              seen[last - 1] = now - Long.parseLong(rows.getString(2));
            }
          }
          LockSupport.parkNanos(POLL_NANOS);
        }
      }
      return null;
    };
  }
}
