package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as SQLite itself writes them, for every page size. */
class RealFilesTest {
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536})
  void readsTheWalAndBuildsTheSameIndex(int pageSize, @TempDir Path directory) throws Exception {
    Path database = directory.resolve("wal.db");
    byte[] main;
    byte[] wal;
    byte[] shm;
    try (Connection connection = open(database, pageSize);
        Statement sql = connection.createStatement()) {
      sql.execute("pragma journal_mode=wal");
      sql.execute("pragma wal_autocheckpoint=0");
      sql.execute("create table t(id integer primary key, v)");
      int rows = pageSize <= 4096 ? 5 << 20 >> 9 : 2000;
      for (int i = 0; i < 20; i++) {
        sql.execute("insert into t(v) values(randomblob(" + (50 + i * 100) + "))");
      }
      sql.execute(
          "with recursive n(i) as (select 1 union all select i+1 from n where i<"
              + rows
              + ") insert into t(v) select randomblob(400) from n");
      sql.execute("delete from t where id % 3 = 0");
      main = Files.readAllBytes(database);
      wal = Files.readAllBytes(sibling(database, "-wal"));
      shm = Files.readAllBytes(sibling(database, "-shm"));
      sql.execute("pragma wal_checkpoint(truncate)");
    }
    byte[] after = Files.readAllBytes(database);

    WalScan scan = WalScan.of(bytes(wal)).orElseThrow();
    assertThat(scan.header().pageSize()).isEqualTo(pageSize);
    assertThat(scan.commits()).hasSize(23);
    assertThat(scan.frameCount()).isEqualTo((wal.length - 32) / scan.header().frameSize());
    assertThat(checkpointed(main, wal, scan)).isEqualTo(after);

    WalScan.Commit last = scan.commits().get(22);
    WalIndex.Header header = WalIndex.Header.parse(ByteBuffer.wrap(shm)).orElseThrow();
    assertThat(header)
        .isEqualTo(
            new WalIndex.Header(
                header.change(),
                scan.header().bigEndianChecksum(),
                pageSize,
                last.lastFrame(),
                last.pageCount(),
                last.checksum(),
                scan.header().salt1(),
                scan.header().salt2()));
    ByteBuffer written = ByteBuffer.allocate(96);
    header.writeTo(written);
    assertThat(written.array()).isEqualTo(Arrays.copyOf(shm, 96));
    assertIndexEquals(scan, shm);
  }

  private static byte[] checkpointed(byte[] main, byte[] wal, WalScan scan) {
    WalScan.Commit last = scan.commits().get(scan.commits().size() - 1);
    int pageSize = scan.header().pageSize();
    byte[] result = Arrays.copyOf(main, last.pageCount() * pageSize);
    FrameMap newest = scan.framesAt(last);
    for (int i = 0; i < newest.size(); i++) {
      assertThat(newest.frameOf(newest.pgno(i))).isEqualTo(newest.frame(i));
      assertThat(scan.pgno(newest.frame(i))).isEqualTo(newest.pgno(i));
      if (newest.pgno(i) <= last.pageCount()) {
        int from = (int) scan.header().frameOffset(newest.frame(i)) + WalFrameHeader.SIZE;
        System.arraycopy(wal, from, result, (newest.pgno(i) - 1) * pageSize, pageSize);
      }
    }
    assertThat(newest.frameOf(1_000_000)).isZero();
    return result;
  }

  private static void assertIndexEquals(WalScan scan, byte[] shm) {
    int blocks = WalIndex.block(scan.frameCount()) + 1;
    for (int block = 0; block < blocks; block++) {
      ByteBuffer image = ByteBuffer.allocate(WalIndex.BLOCK_SIZE).order(ByteOrder.nativeOrder());
      int to = Math.min(scan.frameCount(), WalIndex.lastFrame(block));
      for (int frame = WalIndex.frameBefore(block) + 1; frame <= to; frame++) {
        assertThat(WalIndex.block(frame)).isEqualTo(block);
        WalIndex.insert(image, frame, scan.pgno(frame));
      }
      int skip = WalIndex.pageNumbers(block);
      int start = block * WalIndex.BLOCK_SIZE;
      assertThat(Arrays.copyOfRange(image.array(), skip, WalIndex.BLOCK_SIZE))
          .isEqualTo(Arrays.copyOfRange(shm, start + skip, start + WalIndex.BLOCK_SIZE));
    }
  }

  @Test
  void everyFlippedByteOfAWalEndsItThere(@TempDir Path directory) throws Exception {
    Path database = directory.resolve("flip.db");
    byte[] wal;
    try (Connection connection = open(database, 512);
        Statement sql = connection.createStatement()) {
      sql.execute("pragma journal_mode=wal");
      sql.execute("create table t(v)");
      sql.execute("insert into t values(1)");
      wal = Files.readAllBytes(sibling(database, "-wal"));
    }
    WalScan whole = WalScan.of(bytes(wal)).orElseThrow();
    for (int i = 0; i < wal.length; i++) {
      wal[i] ^= 0x10;
      Optional<WalScan> scan = WalScan.of(bytes(wal));
      if (i >= WalHeader.SIZE) {
        int frame = (i - WalHeader.SIZE) / whole.header().frameSize();
        int kept = 0;
        for (WalScan.Commit commit : whole.commits()) {
          kept = commit.lastFrame() <= frame ? commit.lastFrame() : kept;
        }
        assertThat(scan.orElseThrow().frameCount()).as("byte " + i).isEqualTo(kept);
      } else {
        assertThat(scan).as("byte " + i).isEmpty();
      }
      wal[i] ^= 0x10;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536})
  void rollsBackAHotJournalWithSeveralSegments(int pageSize, @TempDir Path directory)
      throws Exception {
    Path database = directory.resolve("journal.db");
    byte[] before;
    byte[] during;
    byte[] journal;
    try (Connection connection = open(database, pageSize);
        Statement sql = connection.createStatement()) {
      sql.execute("create table t(id integer primary key, v)");
      sql.execute(
          "with recursive n(i) as (select 1 union all select i+1 from n where i<1000)"
              + " insert into t(v) select randomblob("
              + pageSize / 4
              + ") from n");
      before = Files.readAllBytes(database);
      sql.execute("pragma cache_size=20");
      sql.execute("pragma cache_spill=20");
      sql.execute("begin immediate");
      sql.execute("update t set v=randomblob(" + pageSize / 4 + ")");
      during = Files.readAllBytes(database);
      journal = Files.readAllBytes(sibling(database, "-journal"));
      sql.execute("rollback");
    }
    DatabaseHeader header = DatabaseHeader.parse(ByteBuffer.wrap(before)).orElseThrow();
    assertThat(header.pageSize()).isEqualTo(pageSize);
    assertThat(header.pageCount()).isEqualTo(before.length / pageSize);
    assertThat(header.isWal()).isFalse();

    RollbackJournal read = RollbackJournal.read(bytes(journal), journal.length, 4096).orElseThrow();
    assertThat(read.header().pageSize()).isEqualTo(pageSize);
    assertThat(read.size()).isGreaterThan(20);
    assertThat(during).isNotEqualTo(before);
    assertThat(segments(journal, read.header().sectorSize())).isGreaterThan(1);
    byte[] result = Arrays.copyOf(during, read.header().pageCount() * pageSize);
    for (int i = 0; i < read.size(); i++) {
      System.arraycopy(
          journal, (int) read.offset(i), result, (read.pgno(i) - 1) * pageSize, pageSize);
    }
    assertThat(result).isEqualTo(before);
  }

  private static int segments(byte[] journal, int sector) {
    int count = 0;
    for (int i = 0; i + RollbackJournal.Header.SIZE <= journal.length; i += sector) {
      if (RollbackJournal.Header.parse(ByteBuffer.wrap(journal, i, 28)).isPresent()) {
        count++;
      }
    }
    return count;
  }

  private static Connection open(Path database, int pageSize) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
    try (Statement sql = connection.createStatement()) {
      sql.execute("pragma page_size=" + pageSize);
      try (ResultSet found = sql.executeQuery("pragma page_size")) {
        assertThat(found.getInt(1)).isEqualTo(pageSize);
      }
    }
    return connection;
  }

  private static Path sibling(Path database, String suffix) {
    return database.resolveSibling(database.getFileName() + suffix);
  }

  static ReadAt bytes(byte[] file) throws IOException {
    return (target, position) -> {
      int count = (int) Math.min(target.remaining(), Math.max(0, file.length - position));
      target.put(file, (int) Math.min(position, file.length), count);
      return count;
    };
  }
}
