package dev.sluice.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.LtxVerifier;
import dev.sluice.ltx.Position;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway") // JUnit sets the fields.
final class DatabaseTest {
  private static final DatabaseListener NOBODY = new DatabaseListener() {};

  @TempDir private Path directory;
  private Database database;
  private final PageModel model = new PageModel(7, 512);

  @BeforeEach
  void open() throws IOException {
    database =
        Database.open("app.db", directory, NOBODY, CommitGuard.OPEN, true, Clock.systemUTC());
  }

  private void reopen() throws IOException {
    database.close();
    open();
  }

  /** What the log's transactions make, one after the other. */
  private static byte[] replay(Database database) throws IOException {
    TreeMap<Integer, byte[]> pages = new TreeMap<>();
    int size = 0;
    int count = 0;
    for (LogEntry entry : database.log().after(0, Integer.MAX_VALUE)) {
      size = entry.header().pageSize();
      count = entry.header().commit();
      pages.tailMap(count, false).clear();
      try (LtxDecoder decoder = LtxDecoder.open(database.log().source(entry), "test")) {
        while (decoder.next()) {
          byte[] page = new byte[size];
          decoder.page().get(page);
          pages.put(decoder.pgno(), page);
        }
      }
    }
    byte[] all = new byte[size * count];
    for (var page : pages.entrySet()) {
      System.arraycopy(page.getValue(), 0, all, (page.getKey() - 1) * size, size);
    }
    return all;
  }

  @Test
  void transactionsMakeTheDatabase() throws IOException {
    for (int i = 0; i < 300; i++) {
      assertThat(model.commit(database, model.change())).isTrue();
      assertThat(database.recomputeChecksum()).isEqualTo(database.position().checksum());
    }
    assertThat(database.position().txid()).isEqualTo(300);
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aRestartContinuesWhereItWas() throws IOException {
    for (int i = 0; i < 50; i++) {
      model.commit(database, model.change());
      Position before = database.position();
      reopen();
      assertThat(database.position()).isEqualTo(before);
      assertThat(database.isConsistent()).isTrue();
    }
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void whatDidNotChangeIsNoTransaction() throws IOException {
    model.commit(database, model.change());
    Position before = database.position();
    assertThat(model.commit(database, model.allPages())).isFalse();
    assertThat(database.position()).isEqualTo(before);
  }

  @Test
  void deletionAndRecreationAreTransactions() throws IOException {
    model.commit(database, model.change());
    model.delete();
    assertThat(model.commit(database)).isTrue();
    assertThat(database.pageCount()).isZero();
    assertThat(model.commit(database)).isFalse();
    model.change();
    assertThat(model.commit(database)).isTrue();
    assertThat(database.position().txid()).isEqualTo(3);
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void anotherPageSizeIsATransactionOfTheWhole() throws IOException {
    model.commit(database, model.change());
    model.resize(4096);
    assertThat(model.commit(database)).isTrue();
    assertThat(database.pageSize()).isEqualTo(4096);
    reopen();
    model.commit(database, model.change());
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aLargeDatabaseIsCutOnAllProcessors() throws IOException {
    model.grow(10_000);
    assertThat(model.commit(database)).isTrue();
    assertThat(database.recomputeChecksum()).isEqualTo(database.position().checksum());
    model.commit(database, model.change());
    model.resize(4096);
    model.grow(1_500);
    assertThat(model.commit(database)).isTrue();
    assertThat(database.recomputeChecksum()).isEqualTo(database.position().checksum());
    reopen();
    assertThat(database.isConsistent()).isTrue();
    model.commit(database, model.change());
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aLargeTransactionThatFailsIsCutAgain() throws IOException {
    model.grow(10_000);
    assertThatThrownBy(
            () ->
                database.commit(
                    512,
                    model.pageCount(),
                    new int[0],
                    0,
                    (pgno, target) -> {
                      if (pgno == 9_000) {
                        throw new IOException("no more");
                      }
                      model.read(pgno, target);
                    }))
        .hasMessageContaining("no more");
    assertThat(database.position()).isEqualTo(Position.NONE);
    assertThat(wholeFiles()).isEmpty();
    model.commit(database);
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  private List<Path> wholeFiles() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("log"))) {
      return files.filter(f -> f.toString().endsWith(".ltx")).toList();
    }
  }

  @Test
  void aLargeDatabaseIsAFileAsStoresTakeIt() throws IOException {
    model.grow(10_000);
    model.commit(database);
    LogEntry whole = database.log().last();
    assertThat(wholeFiles()).containsExactly(whole.file());
    try (LtxFile file = LtxFile.open(LtxSource.of(whole.file()), "file")) {
      assertThat(file.header()).isEqualTo(LtxReheaded.bare(whole.header()));
      assertThat(file.header().hasChecksums()).isFalse();
    }
    LtxVerifier.verify(LtxSource.of(whole.file()), "file");
    LtxVerifier.verify(database.log().source(whole), "of the log");
    assertThat(database.log().sizeBytes()).isGreaterThan(whole.length());
    model.commit(database, model.change());
    assertThat(database.log().last().file()).isNull();

    reopen();
    whole = database.log().first();
    assertThat(whole.file()).isEqualTo(wholeFiles().get(0));
    LtxVerifier.verify(database.log().source(whole), "of the log");
    assertThat(replay(database)).isEqualTo(model.bytes());
    long last = database.position().txid();
    database.log().trim(0, last);
    assertThat(wholeFiles()).isEmpty();
    assertThat(database.log().first().minTxid()).isEqualTo(last);
    reopen();
    assertThat(database.position().txid()).isEqualTo(last);
  }

  @Test
  void aLargeDatabaseThatIsDamagedIsCutAgain() throws IOException {
    model.grow(10_000);
    model.commit(database);
    Path file = database.log().last().file();
    long size = Files.size(file);
    for (long at : new long[] {-1, 100, size / 2, size - 1}) {
      database.close();
      try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
        if (at < 0) {
          damaged.setLength(size - 1);
        } else {
          damaged.seek(at);
          int old = damaged.read();
          damaged.seek(at);
          damaged.write(old ^ 1);
        }
      }
      open();
      assertThat(database.position()).as("at %d", at).isEqualTo(Position.NONE);
      assertThat(wholeFiles()).isEmpty();
      assertThat(model.commit(database)).isTrue();
      assertThat(replay(database)).isEqualTo(model.bytes());
    }
  }

  @Test
  void whatAKillLeftOfALargeDatabaseIsDeleted() throws IOException {
    model.commit(database, model.change());
    Path left = Files.write(directory.resolve("log/0000000000000002.ltx"), new byte[100]);
    reopen();
    assertThat(left).doesNotExist();
    model.commit(database, model.change());
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aTornTailIsCutOffAndCutAgain() throws IOException {
    for (int i = 0; i < 20; i++) {
      model.grow(10);
      model.commit(database, model.change());
    }
    Path segment = directory.resolve("log/0000000000000001.log");
    LogEntry last = database.log().last();
    long end = last.offset() + last.length();
    for (long size : List.of(last.offset() - 7, last.offset() + 50, end - 1)) {
      database.close();
      try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
        file.setLength(size);
      }
      open();
      assertThat(database.position().txid()).isEqualTo(19);
      // Its page checksums are ahead of the log, which goes back far enough to know them.
      assertThat(database.isConsistent()).isTrue();
      assertThat(model.commit(database, model.allPages())).isTrue();
      assertThat(database.position().txid()).isEqualTo(20);
      assertThat(database.position().checksum()).isEqualTo(last.postApplyChecksum());
      assertThat(replay(database)).isEqualTo(model.bytes());
    }
  }

  @Test
  void lostPageChecksumsAreThoseOfTheLog() throws IOException {
    for (int i = 0; i < 10; i++) {
      model.grow(10);
      model.commit(database, model.change());
    }
    long checksum = database.recomputeChecksum();
    database.close();
    Files.delete(directory.resolve("checksums"));
    open();
    assertThat(database.isConsistent()).isTrue();
    assertThat(database.recomputeChecksum()).isEqualTo(checksum);
  }

  @Test
  void distrustCostsOneWholeTransaction() throws IOException {
    model.grow(10);
    model.commit(database, model.change());
    database.distrust();
    assertThat(database.isConsistent()).isFalse();
    assertThat(model.commit(database)).isTrue();
    assertThat(database.recomputeChecksum()).isEqualTo(database.position().checksum());
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aFailedReadRefusesTheCommit() throws IOException {
    model.commit(database, model.change());
    Position before = database.position();
    int[] changed = model.change();
    assertThatThrownBy(
            () ->
                database.commit(
                    512,
                    model.pageCount(),
                    changed,
                    changed.length,
                    (pgno, target) -> {
                      throw new IOException("disk");
                    }))
        .hasMessage("disk");
    assertThat(database.position()).isEqualTo(before);
    assertThat(model.commit(database, model.allPages())).isTrue();
    assertThat(replay(database)).isEqualTo(model.bytes());
  }

  @Test
  void aFollowerTakesWhatThePrimaryCut(@TempDir Path other) throws IOException {
    try (Database follower =
        Database.open("app.db", other, NOBODY, CommitGuard.OPEN, true, Clock.systemUTC())) {
      for (int i = 0; i < 50; i++) {
        model.commit(database, model.change());
        LogEntry entry = database.log().last();
        assertThat(follower.append(database.log().source(entry)).position())
            .isEqualTo(database.position());
        assertThat(follower.recomputeChecksum()).isEqualTo(follower.position().checksum());
      }
      assertThat(follower.applied()).isEqualTo(Position.NONE);
      LtxSource again = database.log().source(database.log().last());
      assertThatThrownBy(() -> follower.append(again)).hasMessageContaining("does not follow");
      assertThat(replay(follower)).isEqualTo(model.bytes());
    }
  }

  /** The difference to another history is in the log before it is in the file. */
  @Test
  void nobodyIsGrantedAHistoryThatIsNotApplied(@TempDir Path elsewhere) throws Exception {
    for (int i = 0; i < 5; i++) {
      model.commit(database, model.change());
    }
    PageModel theirs = new PageModel(8, 512);
    List<Position> positions = new ArrayList<>();
    try (Database primary =
        Database.open("app.db", elsewhere, NOBODY, CommitGuard.OPEN, true, Clock.systemUTC())) {
      for (int i = 0; i < 4; i++) {
        theirs.commit(primary, theirs.change());
        positions.add(primary.position());
      }
    }
    database.adopt(difference(theirs, positions.get(3)));
    CompletableFuture<WaitOutcome> earlier = database.await(positions.get(1), 60_000);
    CompletableFuture<WaitOutcome> justBefore = database.await(positions.get(2), 60_000);
    assertThat(earlier).isNotDone();
    assertThat(justBefore).isNotDone();
    database.markApplied(database.position());
    assertThat(earlier).isCompletedWithValue(WaitOutcome.REACHED);
    assertThat(database.await(positions.get(3), 1000).get()).isEqualTo(WaitOutcome.REACHED);
  }

  /** The log is empty for a moment while it begins anew with the difference. */
  @Test
  void nobodyIsGrantedAHistoryWhileTheLogBeginsAnew() throws Exception {
    AtomicReference<Position> applied = new AtomicReference<>(new Position(9, 9));
    PositionWaiters waiters =
        new PositionWaiters(applied::get, /* the log is empty */ txid -> OptionalLong.empty());
    AtomicReference<CompletableFuture<WaitOutcome>> outcome = new AtomicReference<>();
    Thread asks = new Thread(() -> outcome.set(waiters.await(new Position(5, 5), 60_000)));
    waiters.change(
        () -> {
          asks.start();
          while (asks.getState() != Thread.State.BLOCKED && outcome.get() == null) {
            Thread.onSpinWait();
          }
          applied.set(Position.NONE);
        });
    asks.join();
    assertThat(outcome.get()).isNotDone();
    applied.set(new Position(5, 5));
    waiters.advanced();
    assertThat(outcome.get()).isCompletedWithValue(WaitOutcome.REACHED);
  }

  /** A follower that was killed has in its log what its file lacks. */
  @Test
  void nobodyIsGrantedWhatTheFileMayLack() throws Exception {
    for (int i = 0; i < 3; i++) {
      model.commit(database, model.change());
    }
    database.mayBeBehind();
    CompletableFuture<WaitOutcome> wait = database.await(database.position(), 60_000);
    assertThat(wait).isNotDone();
    database.markApplied(new Position(2, database.log().checksumAfter(2).getAsLong()));
    assertThat(wait).isNotDone();
    database.markApplied(database.position());
    assertThat(wait).isCompletedWithValue(WaitOutcome.REACHED);

    database.mayBeBehind();
    model.commit(database, model.change());
    assertThat(database.await(database.position(), 60_000))
        .isCompletedWithValue(WaitOutcome.REACHED);
  }

  private LtxSource difference(PageModel theirs, Position position) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(
        LtxHeader.transactions(
            512,
            theirs.pageCount(),
            position.txid(),
            position.txid(),
            1,
            database.position().checksum()),
        written -> {
          byte[] some = new byte[written.remaining()];
          written.get(some);
          bytes.writeBytes(some);
        });
    ByteBuffer page = ByteBuffer.allocateDirect(512);
    for (int pgno : theirs.allPages()) {
      theirs.read(pgno, page.clear());
      encoder.page(pgno, page.flip());
    }
    encoder.finish(position.checksum());
    return LtxSource.of(ByteBuffer.allocateDirect(bytes.size()).put(bytes.toByteArray()).flip());
  }

  @Test
  void waitsEndByPosition() throws Exception {
    List<Position> positions = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      model.commit(database, model.change());
      positions.add(database.position());
    }
    assertThat(database.await(positions.get(0), 1000).get()).isEqualTo(WaitOutcome.REACHED);
    assertThat(database.await(new Position(2, 5), 1000).get()).isEqualTo(WaitOutcome.DIVERGED);
    assertThat(database.await(new Position(4, 5), 1).get(10, TimeUnit.SECONDS))
        .isEqualTo(WaitOutcome.TIMED_OUT);
    CompletableFuture<WaitOutcome> later = database.await(new Position(4, 5), 60_000);
    assertThat(later).isNotDone();
    model.commit(database, model.change());
    assertThat(later).isCompletedWithValue(WaitOutcome.DIVERGED);
  }

  @Test
  void trimmingKeepsWhatIsNotShipped() throws IOException {
    PageModel large = new PageModel(3, 65_536);
    while (database.log().sizeBytes() < 40 << 20) {
      large.commit(database, large.change());
    }
    long last = database.position().txid();
    database.log().trim(0, 1);
    assertThat(database.log().first().minTxid()).isEqualTo(1);
    database.log().trim(0, last);
    long first = database.log().first().minTxid();
    assertThat(first).isGreaterThan(1);
    assertThat(database.log().after(0, 1)).isEmpty();
    assertThat(database.log().after(first - 1, 1)).hasSize(1);
    assertThat(database.log().contains(database.log().first().before())).isTrue();
    reopen();
    assertThat(database.position().txid()).isEqualTo(last);
    assertThat(database.log().first().minTxid()).isEqualTo(first);
  }
}
