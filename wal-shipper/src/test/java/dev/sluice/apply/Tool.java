package dev.sluice.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A process of its own that uses a database, as applications do. Killed when it takes too long. */
final class Tool implements AutoCloseable {
  private static final int LIMIT_SECONDS = 120;

  private static final String PREAMBLE =
      """
      import sqlite3, sys, os
      def connect(timeout=20):
          return sqlite3.connect(sys.argv[1], isolation_level=None, timeout=timeout)
      STATE = 'select (select count(*) from t), (select n from c), (select count(v) from t indexed by tv)'
      def state(c):
          a, b, d = c.execute(STATE).fetchone()
          assert a == b == d, (a, b, d)
          return a
      def say(*a):
          print(*a, flush=True)
      """;

  private final Process process;
  private final BufferedReader output;

  private Tool(Process process) {
    this.process = process;
    CompletableFuture.delayedExecutor(LIMIT_SECONDS, TimeUnit.SECONDS)
        .execute(() -> process.toHandle().destroyForcibly());
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  static Tool start(List<String> command) throws IOException {
    return new Tool(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  /** Runs Python; sys.argv[1] is the database. */
  static Tool python(Path database, String script, Object... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("python3", "-c", PREAMBLE + script, database.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return start(command);
  }

  /** The output of the sqlite3 shell. */
  static String sqlite(Path database, String sql) throws Exception {
    try (Tool tool = start(List.of("sqlite3", "-batch", database.toString(), sql))) {
      return tool.finish();
    }
  }

  /**
   * Polls until there are so many rows: each state whole, none older than the one before. Now and
   * then it checkpoints, as any connection may, and connects anew.
   *
   * @param busySeconds how long it may wait for a lock, once it is ready, before that is an error;
   *     with 0 it keeps one connection, as SQLite's connections disturb each other when they are
   *     opened and closed
   */
  static Tool poller(Path database, int rows, int busySeconds) throws IOException {
    return python(
        database,
        """
        target = int(sys.argv[2]); busy = int(sys.argv[3]); last = -1; polls = 0; c = connect()
        state(c); c.execute('pragma busy_timeout=%d' % (1000 * busy))
        say('ready')
        while last < target:
            if busy and polls % 50 == 0:
                c.execute('pragma wal_checkpoint(passive)'); c.close(); c = connect(busy)
            k = state(c)
            assert k >= last, (k, last)
            last = k; polls += 1
        assert c.execute('pragma integrity_check').fetchall() == [('ok',)]
        say('done')
        """,
        rows,
        busySeconds);
  }

  /** Holds one snapshot until its input ends; then it must be what it was, and a new one newer. */
  static Tool longReader(Path database) throws IOException {
    return python(
        database,
        """
        c = connect(); c.execute('begin'); k = state(c)
        say('ready')
        sys.stdin.read()
        assert state(c) == k
        assert c.execute('pragma integrity_check').fetchall() == [('ok',)]
        c.execute('commit')
        n = state(c)
        assert n > k, (n, k)
        say('done')
        """);
  }

  void expect(String line) throws IOException {
    String got = output.readLine();
    if (!line.equals(got)) {
      StringBuilder rest = new StringBuilder("" + got);
      while (got != null) {
        got = output.readLine();
        rest.append('\n').append(got);
      }
      assertThat(rest.toString()).isEqualTo(line);
    }
  }

  /** The next line of output, or null at its end. */
  @Nullable String line() throws IOException {
    return output.readLine();
  }

  void send(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  void endInput() throws IOException {
    process.getOutputStream().close();
  }

  /** Ends the process at once; what it has said can still be read. */
  void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  /** Waits for the end, which must be a good one, and gives the rest of the output. */
  String finish() throws Exception {
    StringBuilder all = new StringBuilder();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      all.append(line).append('\n');
    }
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(all.toString()).isZero();
    return all.toString().strip();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
