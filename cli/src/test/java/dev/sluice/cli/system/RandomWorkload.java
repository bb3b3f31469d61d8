package dev.sluice.cli.system;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A random list of statements on several connections to one database. The same seed gives the same
 * list, and no statement asks for chance or time, so that it has the same outcome on every file.
 */
final class RandomWorkload {
  static final List<String> JOURNAL_MODES = List.of("wal", "delete", "truncate", "persist");
  static final List<Integer> PAGE_SIZES = List.of(512, 1024, 2048, 4096, 8192, 16384, 32768, 65536);
  static final List<String> SYNCHRONOUS = List.of("off", "normal", "full", "extra");

  /** What a step does. */
  enum Kind {
    OPEN,
    CLOSE,
    SQL,
    /** Ends all transactions and compares all copies. */
    COMPARE
  }

  record Step(Kind kind, int connection, String sql) {}

  private final Random random;
  private final List<Step> steps = new ArrayList<>();
  private final List<Integer> connections = new ArrayList<>();
  private int next;
  private int values;

  private RandomWorkload(long seed) {
    random = new Random(seed);
  }

  /**
   * @param length about so many statements or transactions
   * @param journalMode one to begin with, or null for a random one that is switched at times
   */
  static List<Step> steps(
      long seed,
      int length,
      String journalMode,
      int pageSize,
      String synchronous,
      boolean switches) {
    RandomWorkload workload = new RandomWorkload(seed);
    workload.begin(journalMode, pageSize, synchronous);
    for (int i = 0; i < length; i++) {
      workload.step(switches);
    }
    workload.steps.add(new Step(Kind.COMPARE, 0, ""));
    return workload.steps;
  }

  private void begin(String journalMode, int pageSize, String synchronous) {
    int c = open();
    sql(c, "PRAGMA page_size=" + pageSize);
    if (random.nextInt(3) == 0) {
      sql(c, "PRAGMA auto_vacuum=" + (1 + random.nextInt(2)));
    }
    sql(c, "PRAGMA journal_mode=" + journalMode);
    sql(c, "PRAGMA synchronous=" + synchronous);
    sql(c, "PRAGMA cache_size=" + pick(5, 10, 2000));
    sql(c, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, w)");
    sql(c, "CREATE INDEX ti ON t(w)");
  }

  private int open() {
    int c = next++;
    connections.add(c);
    steps.add(new Step(Kind.OPEN, c, ""));
    return c;
  }

  private void sql(int connection, String sql) {
    steps.add(new Step(Kind.SQL, connection, sql));
  }

  @SafeVarargs
  private <T> T pick(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private <T> T pick(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private void step(boolean switches) {
    int x = random.nextInt(100);
    int c = pick(connections);
    if (x < 4 && connections.size() < 4) {
      int opened = open();
      sql(opened, "PRAGMA cache_size=" + pick(5, 10, 2000));
      sql(opened, "PRAGMA synchronous=" + pick(SYNCHRONOUS));
      if (random.nextInt(4) == 0) {
        sql(opened, "PRAGMA mmap_size=1000000");
      }
    } else if (x < 7 && connections.size() > 1) {
      connections.remove((Integer) c);
      steps.add(new Step(Kind.CLOSE, c, ""));
    } else if (x < 10) {
      if (switches) {
        sql(c, "PRAGMA journal_mode=" + pick(JOURNAL_MODES));
      }
    } else if (x < 15) {
      sql(c, "PRAGMA wal_checkpoint(" + pick("PASSIVE", "FULL", "RESTART", "TRUNCATE") + ")");
    } else if (x < 17) {
      if (random.nextBoolean()) {
        sql(
            c,
            random.nextBoolean()
                ? "PRAGMA page_size=" + pick(PAGE_SIZES)
                : "PRAGMA auto_vacuum=" + random.nextInt(3));
      }
      sql(c, "VACUUM");
    } else if (x < 19) {
      sql(c, "PRAGMA incremental_vacuum(" + random.nextInt(20) + ")");
    } else if (x < 22) {
      sql(
          c,
          pick(
              "CREATE TABLE IF NOT EXISTS u(a, b)",
              "DROP TABLE IF EXISTS u",
              "CREATE INDEX IF NOT EXISTS tv ON t(v)",
              "DROP INDEX IF EXISTS tv",
              "PRAGMA user_version=" + values++,
              "REINDEX",
              "ANALYZE"));
    } else if (x < 23) {
      // A reader that stays keeps checkpoints from ending.
      sql(c, "BEGIN");
      sql(c, "SELECT count(*) FROM t");
    } else if (x < 25) {
      sql(c, pick("COMMIT", "ROLLBACK"));
    } else if (x < 27) {
      steps.add(new Step(Kind.COMPARE, 0, ""));
    } else if (x < 55) {
      change(c);
    } else {
      transaction(c);
    }
  }

  private void transaction(int c) {
    sql(c, pick("BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"));
    int savepoints = 0;
    for (int n = random.nextInt(8); n >= 0; n--) {
      int x = random.nextInt(20);
      if (x < 4) {
        sql(c, "SAVEPOINT s" + savepoints++);
      } else if (x < 6 && savepoints > 0) {
        sql(c, "ROLLBACK TO s" + random.nextInt(savepoints));
      } else if (x == 6 && savepoints > 0) {
        savepoints = random.nextInt(savepoints);
        sql(c, "RELEASE s" + savepoints);
      } else if (x == 7) {
        change(pick(connections));
      }
      change(c);
    }
    int end = random.nextInt(20);
    if (end > 0) {
      sql(c, end < 15 ? "COMMIT" : "ROLLBACK");
    }
  }

  private String value() {
    return "substr(replace(hex(zeroblob(12000)),'00','%x,'),1,%d)"
        .formatted(values++ * 2654435761L, pick(10, 100, 1000, 5000, 20000));
  }

  private void change(int c) {
    int w = random.nextInt(1000);
    int x = random.nextInt(20);
    if (x < 9) {
      sql(c, "INSERT INTO t(v,w) VALUES(" + value() + "," + w + ")");
    } else if (x < 13) {
      sql(c, "UPDATE t SET v=%s, w=%d WHERE id%%7=%d".formatted(value(), w, random.nextInt(7)));
    } else if (x < 16) {
      sql(
          c,
          "DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY (id*7919)%%1013 LIMIT %d)"
              .formatted(pick(1, 5, 50)));
    } else if (x < 18) {
      sql(c, "INSERT INTO t(v,w) SELECT v,w+1 FROM t ORDER BY id LIMIT 30");
    } else if (x < 19) {
      sql(c, "INSERT INTO u SELECT id, w FROM t");
    } else {
      sql(c, "DELETE FROM t WHERE id%3=0");
    }
  }
}
