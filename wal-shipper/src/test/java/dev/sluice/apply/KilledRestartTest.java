package dev.sluice.apply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.sqlite.WalIndex;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who begins a WAL anew publishes a header without frames, and then that none is backfilled. One
 * that is killed between the two leaves a count of frames which readers of the next would pass
 * over.
 */
class KilledRestartTest {
  private static final ReplicaOptions OFTEN = new ReplicaOptions(20_000, 1, false);
  private static final ReplicaOptions SELDOM = new ReplicaOptions(20_000, 10_000, false);

  @Test
  void theNextIsSeen(@TempDir Path directory) throws Exception {
    Path replica = directory.resolve("replica.db");
    try (Primary primary = new Primary(directory.resolve("primary.db"), 512)) {
      List<Transaction> first = new ArrayList<>(primary.pragma("pragma journal_mode=wal"));
      first.addAll(primary.setUp());
      first.addAll(primary.insert(300, 200));
      List<Transaction> next = primary.insert(2, 100);
      ReplicaWriter writer = ReplicaWriter.open(replica, OFTEN);
      for (Transaction transaction : first.subList(0, first.size() - 1)) {
        transaction.applyTo(writer);
      }
      try (Tool reader =
          Tool.python(
              replica,
              """
              c = connect(); state(c); say('open')
              for line in sys.stdin:
                  say(state(c))
              assert c.execute('pragma integrity_check').fetchall() == [('ok',)]
              """)) {
        reader.expect("open");
        first.get(first.size() - 1).applyTo(writer);
        writer.close();
        killInRestart(directory.resolve("replica.db-shm"));
        try (ReplicaWriter again = ReplicaWriter.open(replica, SELDOM)) {
          reader.send("look");
          reader.expect("300");
          for (Transaction transaction : next) {
            transaction.applyTo(again);
          }
          reader.send("look");
          reader.expect("302");
          assertThat(again.checkpoint()).isTrue();
          reader.send("look");
          reader.expect("302");
        }
        reader.endInput();
        reader.finish();
      }
    }
  }

  /** What is there after the first of the two steps. */
  private static void killInRestart(Path shm) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(shm.toFile(), "rw")) {
      byte[] bytes = new byte[WalIndex.INFO_END];
      file.readFully(bytes);
      ByteBuffer index = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
      WalIndex.Header all = WalIndex.Header.parse(index).orElseThrow();
      assertThat(all.maxFrame()).isGreaterThan(50);
      assertThat(index.getInt(WalIndex.BACKFILL)).isEqualTo(all.maxFrame());
      new WalIndex.Header(
              all.change(),
              false,
              all.pageSize(),
              0,
              all.pageCount(),
              0,
              all.salt1() + 1,
              all.salt2() + 7)
          .writeTo(index);
      file.seek(0);
      file.write(bytes, 0, 2 * WalIndex.Header.SIZE);
    }
  }
}
