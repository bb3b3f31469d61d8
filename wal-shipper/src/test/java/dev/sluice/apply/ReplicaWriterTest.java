package dev.sluice.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.connection.ConnectionBusyException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A replica beside real readers: other processes with an unmodified SQLite. */
@SuppressWarnings("try") // close is what is tested
class ReplicaWriterTest {
  private static final ReplicaOptions OPTIONS = new ReplicaOptions(20_000, 100, false);
  private static final ReplicaOptions IMPATIENT = new ReplicaOptions(200, 100, false);

  private final Path directory;
  private final Path replica;

  ReplicaWriterTest(@TempDir Path directory) {
    this.directory = directory;
    this.replica = directory.resolve("replica.db");
  }

  private Primary primary(int pageSize) throws Exception {
    return new Primary(directory.resolve("primary.db"), pageSize);
  }

  private static void apply(ReplicaWriter writer, List<Transaction> transactions)
      throws IOException {
    for (Transaction transaction : transactions) {
      transaction.applyTo(writer);
    }
  }

  private void assertClosedAs(Primary primary) throws Exception {
    assertThat(wal()).doesNotExist();
    assertThat(sibling("-shm")).doesNotExist();
    assertThat(sibling("-journal")).doesNotExist();
    assertThat(Files.readAllBytes(replica)).isEqualTo(primary.image());
    assertThat(Tool.sqlite(replica, "pragma integrity_check")).isEqualTo("ok");
  }

  private Path wal() {
    return sibling("-wal");
  }

  private Path sibling(String suffix) {
    return directory.resolve("replica.db" + suffix);
  }

  @ParameterizedTest
  @CsvSource({"512,wal", "4096,wal", "65536,wal", "512,delete", "4096,delete", "65536,delete"})
  void readersSeeWholeTransactionsInOrder(int pageSize, String mode) throws Exception {
    Random random = new Random(pageSize);
    try (Primary primary = primary(pageSize);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      assertThat(writer.isWal()).isEqualTo(mode.equals("wal"));
      int transactions = mode.equals("wal") ? 400 : 150;
      // With a WAL, readers never wait.
      int busySeconds = mode.equals("wal") ? 0 : 20;
      try (Tool first = Tool.poller(replica, transactions, busySeconds);
          Tool second = Tool.poller(replica, transactions, 20)) {
        first.expect("ready");
        second.expect("ready");
        for (int i = 0; i < transactions; i++) {
          apply(writer, primary.insert(1, 1 + random.nextInt(Math.min(3 * pageSize, 20_000))));
        }
        first.expect("done");
        second.expect("done");
        first.finish();
        second.finish();
      }
      assertThat(writer.hasReaders()).isFalse();
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65_536})
  void transactionsAppliedTogether(int pageSize) throws Exception {
    Random random = new Random(pageSize);
    try (Primary primary = primary(pageSize);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      assertThat(writer.applyTogether(Transaction.source(List.of()))).isZero();
      apply(writer, primary.pragma("pragma journal_mode=wal"));
      apply(writer, primary.setUp());
      try (Tool reader = Tool.poller(replica, 300, 0)) {
        reader.expect("ready");
        for (int left = 300; left > 0; ) {
          List<Transaction> some = new ArrayList<>();
          for (int i = 1 + random.nextInt(Math.min(left, 20)); i > 0; i--, left--) {
            some.addAll(primary.insert(1, 1 + random.nextInt(Math.min(3 * pageSize, 20_000))));
          }
          assertThat(writer.applyTogether(Transaction.source(some))).isEqualTo(some.size());
          assertThat(writer.pageCount()).isEqualTo(some.get(some.size() - 1).commit());
        }
        reader.expect("done");
        reader.finish();
      }
      // What asks for another mode is the last of those that are taken.
      List<Transaction> leaves = new ArrayList<>(primary.insert(1, 10));
      leaves.addAll(primary.pragma("pragma journal_mode=delete"));
      int wal = leaves.size();
      leaves.addAll(primary.insert(1, 10));
      assertThat(writer.applyTogether(Transaction.source(leaves))).isEqualTo(wal);
      assertThat(writer.isWal()).isFalse();
      List<Transaction> rest = leaves.subList(wal, leaves.size());
      assertThat(writer.applyTogether(Transaction.source(rest))).isZero();
      apply(writer, rest);
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65_536})
  void aLongReaderKeepsItsSnapshotAndTheWalIsRestartedAfterIt(int pageSize) throws Exception {
    try (Primary primary = primary(pageSize);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=wal"));
      apply(writer, primary.setUp());
      for (int i = 0; i < 30; i++) {
        apply(writer, primary.insert(1, 300));
      }
      try (Tool reader = Tool.longReader(replica)) {
        reader.expect("ready");
        for (int i = 0; i < 200; i++) {
          apply(writer, primary.insert(1, 300));
        }
        assertThat(writer.checkpoint()).isFalse();
        reader.endInput();
        reader.expect("done");
        reader.finish();
      }
      assertThat(writer.checkpoint()).isTrue();
      assertThat(Files.readAllBytes(replica)).isEqualTo(primary.image());
      long size = Files.size(wal());
      for (int i = 0; i < 200; i++) {
        apply(writer, primary.insert(1, 300));
      }
      assertThat(Files.size(wal())).isLessThanOrEqualTo(size);
      assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("430");
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void applicationsCannotWrite(String mode) throws Exception {
    try (Primary primary = primary(4096);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      String write =
          """
          c = connect(0.1)
          for sql in sys.argv[2:]:
              try:
                  c.execute(sql).fetchall(); say('no error')
              except sqlite3.OperationalError as e:
                  say(e)
          """;
      try (Tool tool = Tool.python(replica, write, "create table x(y)")) {
        assertThat(tool.finish()).isEqualTo("database is locked");
      }
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      String other = mode.equals("wal") ? "delete" : "wal";
      try (Tool tool =
          Tool.python(
              replica,
              write,
              "insert into t(v) values(1)",
              "begin immediate",
              "pragma journal_mode=" + other,
              "vacuum")) {
        assertThat(tool.finish().lines()).hasSize(4).containsOnly("database is locked");
      }
      apply(writer, primary.insert(1, 10));
      writer.close();
      assertClosedAs(primary);
    }
    assertThat(Tool.sqlite(replica, "insert into t(v) values(1); select count(*) from t"))
        .isEqualTo("2");
  }

  @Test
  void journalModeFollowsThePrimaryBesideReaders() throws Exception {
    try (Primary primary = primary(4096);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.setUp());
      assertThat(writer.isWal()).isFalse();
      try (Tool reader = Tool.poller(replica, 125, 20)) {
        reader.expect("ready");
        for (int i = 0; i < 5; i++) {
          apply(writer, primary.insert(5, 100));
          apply(writer, primary.pragma("pragma journal_mode=wal"));
          apply(writer, primary.insert(10, 100));
          assertThat(writer.isWal()).isTrue();
          apply(writer, primary.insert(5, 100));
          apply(writer, primary.pragma("pragma journal_mode=delete"));
          apply(writer, primary.insert(5, 100));
        }
        reader.expect("done");
        reader.finish();
      }
      apply(writer, primary.insert(5, 100));
      assertThat(writer.isWal()).isFalse();
      assertThat(wal()).doesNotExist();
      assertThat(Files.readAllBytes(replica)).isEqualTo(primary.image());
      assertThat(Tool.sqlite(replica, "pragma journal_mode; select count(*) from t"))
          .isEqualTo("delete\n130");
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void shrinksAndGrowsByThousandsOfPages(String mode) throws Exception {
    try (Primary primary = primary(512);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      for (int round = 0; round < 3; round++) {
        apply(writer, primary.insert(9_000, 300));
        assertThat(Tool.sqlite(replica, "pragma integrity_check; select count(*) from t"))
            .isEqualTo("ok\n" + 9_000);
        apply(writer, primary.run("delete from t", "update c set n=0"));
        apply(writer, primary.pragma("vacuum"));
        assertThat(writer.pageCount()).isLessThan(20);
        assertThat(Tool.sqlite(replica, "pragma integrity_check; select count(*) from t"))
            .isEqualTo("ok\n0");
      }
      apply(writer, primary.insert(20, 300));
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void anotherPageSizeWaitsForReaders(String mode) throws Exception {
    try (Primary primary = primary(1024);
        ReplicaWriter writer = ReplicaWriter.open(replica, IMPATIENT)) {
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      apply(writer, primary.insert(300, 200));
      apply(writer, primary.pragma("pragma journal_mode=delete"));
      byte[] before = primary.image();
      primary.pragma("pragma page_size=8192");
      List<Transaction> vacuum = primary.pragma("vacuum");
      assertThat(vacuum).hasSize(1);
      try (Tool reader = Tool.longReader(replica)) {
        reader.expect("ready");
        assertThatThrownBy(() -> apply(writer, vacuum))
            .isInstanceOf(ConnectionBusyException.class)
            .hasMessageContaining("replica.db");
        assertThat(Files.readAllBytes(replica)).isEqualTo(before);
        reader.kill();
      }
      apply(writer, vacuum);
      assertThat(writer.pageSize()).isEqualTo(8192);
      assertThat(Files.readAllBytes(replica)).isEqualTo(primary.image());
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.insert(3, 200));
      assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("303");
      writer.close();
      assertClosedAs(primary);
    }
  }

  @Test
  void aSnapshotReplacesAnotherHistoryBesideReaders() throws Exception {
    try (Primary primary = primary(4096);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=wal"));
      apply(writer, primary.setUp());
      apply(writer, primary.insert(500, 1000));
      try (Primary other = new Primary(directory.resolve("other.db"), 4096);
          Tool reader = Tool.longReader(replica)) {
        reader.expect("ready");
        other.pragma("pragma journal_mode=wal");
        other.setUp();
        other.insert(1000, 10);
        byte[] image = other.image();
        writer.applySnapshot(pagesOf(image, 4096), image.length / 4096, 4096);
        assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("1000");
        reader.endInput();
        reader.expect("done");
        reader.finish();
        apply(writer, other.insert(1, 1));
        writer.close();
        assertClosedAs(other);
      }
    }
  }

  static PageSource pagesOf(byte[] image, int pageSize) {
    return new PageSource() {
      private int pgno;

      @Override
      public boolean next() {
        return ++pgno * pageSize <= image.length;
      }

      @Override
      public int pgno() {
        return pgno;
      }

      @Override
      public ByteBuffer page() {
        return ByteBuffer.wrap(image, (pgno - 1) * pageSize, pageSize).slice();
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void joinsAndLeavesADatabaseInUse(String mode) throws Exception {
    try (Primary primary = primary(4096)) {
      primary.pragma("pragma journal_mode=" + mode);
      primary.setUp();
      primary.insert(10, 100);
      Files.write(replica, primary.image());
      // Another connection has it open throughout, and has put something into its WAL.
      String other =
          """
          c = connect(); c.execute('pragma user_version'); state(c)
          say('ready')
          for line in sys.stdin:
              say(state(c))
          """;
      try (Tool reader = Tool.python(replica, other)) {
        reader.expect("ready");
        for (int i = 0; i < 3; i++) {
          try (ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
            apply(writer, primary.insert(10, 3000));
            apply(writer, primary.insert(10, 30));
            ByteBuffer page = ByteBuffer.allocate(4096);
            byte[] image = primary.image();
            for (int pgno = 1; pgno <= writer.pageCount(); pgno++) {
              writer.readPage(pgno, page.clear());
              assertThat(page.array())
                  .isEqualTo(Arrays.copyOfRange(image, pgno * 4096 - 4096, pgno * 4096));
            }
          }
          assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("" + (30 + i * 20));
        }
        reader.endInput();
        reader.finish();
      }
      ReplicaWriter.open(replica, OPTIONS).close();
      assertClosedAs(primary);
    }
  }

  @Test
  void recoversTheWalAnApplicationLeft() throws Exception {
    try (Primary primary = primary(4096)) {
      primary.pragma("pragma journal_mode=wal");
      primary.setUp();
      primary.insert(6000, 2000);
      Files.copy(directory.resolve("primary.db"), replica);
      Files.copy(directory.resolve("primary.db-wal"), wal());
      Files.write(sibling("-shm"), new byte[70_000]);
      try (ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
        assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("6000");
        apply(writer, primary.insert(1, 2000));
        assertThat(Tool.sqlite(replica, "select count(*) from t")).isEqualTo("6001");
      }
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void aSourceThatFailsChangesNothing(String mode) throws Exception {
    try (Primary primary = primary(512);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      apply(writer, primary.insert(10, 300));
      Transaction large = primary.insert(3000, 300).get(0);
      PageSource source = large.source();
      PageSource failing =
          new PageSource() {
            private int count;

            @Override
            public boolean next() throws IOException {
              if (++count == 1000) {
                throw new IOException("no more");
              }
              return source.next();
            }

            @Override
            public int pgno() {
              return source.pgno();
            }

            @Override
            public ByteBuffer page() {
              return source.page();
            }
          };
      assertThatThrownBy(() -> writer.apply(failing, large.commit(), 512)).hasMessage("no more");
      assertThat(Tool.sqlite(replica, "pragma integrity_check; select count(*) from t"))
          .isEqualTo("ok\n10");
      large.applyTo(writer);
      assertThat(Tool.sqlite(replica, "pragma integrity_check; select count(*) from t"))
          .isEqualTo("ok\n3010");
      writer.close();
      assertClosedAs(primary);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wal", "delete"})
  void pagesThatGrowthLeavesOutAreZero(String mode) throws Exception {
    try (Primary primary = primary(512);
        ReplicaWriter writer = ReplicaWriter.open(replica, OPTIONS)) {
      apply(writer, primary.pragma("pragma journal_mode=" + mode));
      apply(writer, primary.setUp());
      apply(writer, primary.insert(50, 300));
      Transaction shrink = onlyPage1(primary, 10);
      shrink.applyTo(writer);
      Transaction grow = onlyPage1(primary, 40);
      grow.applyTo(writer);
      ByteBuffer page = ByteBuffer.allocate(512);
      for (int pgno = 11; pgno <= 40; pgno++) {
        writer.readPage(pgno, page.clear());
        assertThat(page.array()).as("page " + pgno).containsOnly(0);
      }
      writer.close();
      byte[] bytes = Files.readAllBytes(replica);
      assertThat(bytes).hasSize(40 * 512);
      assertThat(Arrays.copyOfRange(bytes, 10 * 512, 40 * 512)).containsOnly(0);
    }
  }

  private static Transaction onlyPage1(Primary primary, int commit) {
    SortedMap<Integer, byte[]> pages = new TreeMap<>();
    pages.put(1, Arrays.copyOf(primary.image(), 512));
    return new Transaction(pages, commit, 512);
  }

  @Test
  void hotJournalOfAnApplicationIsRolledBack() throws Exception {
    String crash =
        """
        c = connect()
        c.execute('pragma page_size=1024')
        c.executescript('create table t(id integer primary key, v); create index tv on t(v); create table c(n); insert into c values(0)')
        c.execute('with recursive i(x) as (select 1 union all select x+1 from i where x<1000) insert into t(v) select randomblob(300) from i')
        c.execute('update c set n=1000')
        c.execute('pragma cache_size=5')
        c.execute('begin immediate')
        c.execute('update t set v=randomblob(300)')
        os.kill(os.getpid(), 9)
        """;
    try (Tool tool = Tool.python(replica, crash)) {
      while (tool.line() != null) {}
      tool.kill();
    }
    assertThat(sibling("-journal")).exists();
    List<Boolean> thereBefore = new ArrayList<>();
    try (ReplicaWriter writer =
        ReplicaWriter.open(
            replica, OPTIONS, () -> thereBefore.add(Files.exists(sibling("-journal"))))) {
      assertThat(thereBefore).containsExactly(true);
      assertThat(sibling("-journal")).doesNotExist();
      assertThat(writer.isWal()).isFalse();
    }
    assertThat(Tool.sqlite(replica, "pragma integrity_check; select count(*) from t"))
        .isEqualTo("ok\n1000");
  }

  @Test
  void anApplicationThatWritesKeepsTheWriterOut() throws Exception {
    String write =
        """
        c = connect(); c.execute('create table t(v)'); c.execute('pragma journal_mode=' + sys.argv[2])
        c.execute('begin immediate'); c.execute('insert into t values(1)')
        say('ready')
        sys.stdin.read()
        c.execute('commit')
        """;
    for (String mode : new String[] {"wal", "delete"}) {
      Path database = directory.resolve(mode + ".db");
      try (Tool tool = Tool.python(database, write, mode)) {
        tool.expect("ready");
        assertThatThrownBy(() -> ReplicaWriter.open(database, IMPATIENT))
            .isInstanceOf(ConnectionBusyException.class)
            .hasMessageContaining(mode + ".db");
        tool.endInput();
        tool.finish();
      }
      ReplicaWriter.open(database, OPTIONS).close();
      assertThat(Tool.sqlite(database, "select count(*) from t")).isEqualTo("1");
    }
  }
}
