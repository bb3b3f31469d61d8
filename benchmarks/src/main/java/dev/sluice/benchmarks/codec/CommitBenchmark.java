package dev.sluice.benchmarks.codec;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.LtxSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Transactions of one page: making their files, and merging the 5,000 of a busy second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 4, time = 2)
public class CommitBenchmark {
  private static final int FILES = 5_000;
  private static final int COUNT = 1_000;
  private static final long BEFORE = Checksums.FLAG | 1;
  private static final LtxSink NOWHERE = bytes -> bytes.position(bytes.limit());

  private final LtxEncoder encoder = new LtxEncoder();
  private final List<ByteBuffer> files = new ArrayList<>();
  private ByteBuffer database = ByteBuffer.allocate(0);
  private int next;

  /** Makes the pages and the files. */
  @Setup
  public void setUp() throws IOException {
    database = Pages.database(COUNT, 2);
    for (int i = 0; i < FILES; i++) {
      ByteBuffer file = ByteBuffer.allocate(8 << 10);
      encodeOne(2 + i, file::put);
      files.add(file.flip());
    }
  }

  private void encodeOne(long txid, LtxSink sink) throws IOException {
    int pgno = 1 + (int) (txid * 7919 % COUNT);
    ByteBuffer page = database.limit(pgno * Pages.SIZE).position((pgno - 1) * Pages.SIZE);
    encoder.start(LtxHeader.transactions(Pages.SIZE, COUNT, txid, txid, 0, BEFORE), sink);
    encoder.page(pgno, page);
    encoder.finish(BEFORE);
  }

  /** A file of one page. */
  @Benchmark
  public long commit() throws IOException {
    encodeOne(2 + next++ % FILES, NOWHERE);
    return encoder.fileChecksum();
  }

  /** The checksum of a page, which a commit needs besides its file. */
  @Benchmark
  public long pageChecksum() {
    int pgno = 1 + next++ % COUNT;
    return Checksums.page(
        pgno, database.limit(pgno * Pages.SIZE).position((pgno - 1) * Pages.SIZE));
  }

  /** One of 5,000 files on its way into a file of 1,000 pages. */
  @Benchmark
  @OperationsPerInvocation(FILES)
  public long compactSmallFiles() throws IOException {
    List<LtxFile> inputs = new ArrayList<>(FILES);
    for (ByteBuffer file : files) {
      inputs.add(LtxFile.open(LtxSource.of(file), "file"));
    }
    return LtxCompactor.compact(inputs, NOWHERE, new LtxCompactor.Options(false, 2)).sizeBytes();
  }
}
