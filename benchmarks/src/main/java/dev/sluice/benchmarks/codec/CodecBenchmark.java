package dev.sluice.benchmarks.codec;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.Crc64;
import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.LtxVerifier;
import dev.sluice.ltx.Position;
import java.io.IOException;
import java.nio.ByteBuffer;
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

/**
 * A database of 256 MiB in memory, there and back. One operation is one megabyte (10^6 bytes) of
 * database, so that operations a millisecond are gigabytes a second.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 4, time = 3)
public class CodecBenchmark {
  private static final int COUNT = 65_536;
  private static final int MEGABYTES = (int) ((long) COUNT * Pages.SIZE / 1_000_000);
  private static final LtxHeader HEADER = LtxHeader.snapshot(Pages.SIZE, COUNT, 9, 0);
  private static final LtxSink NOWHERE = bytes -> bytes.position(bytes.limit());

  private final LtxEncoder encoder = new LtxEncoder();
  private ByteBuffer database = ByteBuffer.allocate(0);
  private ByteBuffer file = ByteBuffer.allocate(0);
  private ByteBuffer target = ByteBuffer.allocate(0);
  private long checksum;

  /** Makes the database and a snapshot of it. */
  @Setup
  public void setUp() throws IOException {
    database = Pages.database(COUNT, 1);
    target = ByteBuffer.allocateDirect(database.capacity());
    ByteBuffer bytes = ByteBuffer.allocateDirect(database.capacity() + (16 << 20));
    LtxSnapshot.Encoded encoded = LtxSnapshot.encode(HEADER, this::read, bytes::put, 2);
    checksum = encoded.databaseChecksum();
    file = bytes.flip();
    System.out.printf(
        "%n%,d bytes of database, %,d of snapshot: %.2f%n",
        database.capacity(), file.limit(), (double) file.limit() / database.capacity());
  }

  private void read(int pgno, ByteBuffer pages) {
    pages.put(database.slice((pgno - 1) * Pages.SIZE, pages.remaining()));
  }

  private void write(int pgno, ByteBuffer pages) {
    target.put((pgno - 1) * Pages.SIZE, pages, pages.position(), pages.remaining());
  }

  /** CRC-64 of a direct buffer, one thread. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public long crc() {
    return Crc64.of(database);
  }

  /** Page checksums of a whole database, one thread. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public long pageChecksums() {
    long xor = 0;
    for (int pgno = 1; pgno <= COUNT; pgno++) {
      database.limit(pgno * Pages.SIZE).position((pgno - 1) * Pages.SIZE);
      xor ^= Checksums.page(pgno, database);
    }
    database.clear();
    return xor;
  }

  /** A snapshot page by page, one thread. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public long encode() throws IOException {
    encoder.start(HEADER, NOWHERE);
    for (int pgno = 1; pgno <= COUNT; pgno++) {
      encoder.page(pgno, database.limit(pgno * Pages.SIZE).position((pgno - 1) * Pages.SIZE));
    }
    database.clear();
    encoder.finish(checksum);
    return encoder.fileChecksum();
  }

  /** A snapshot with its database checksum, two threads. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public long encodeOnTwoThreads() throws IOException {
    return LtxSnapshot.encode(HEADER, this::read, NOWHERE, 2).databaseChecksum();
  }

  /** All of a snapshot in order, one thread, with all checks. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public int decode() throws IOException {
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(file), "snapshot")) {
      int sum = 0;
      while (decoder.next()) {
        sum += decoder.page().get(0);
      }
      return sum;
    }
  }

  /** A snapshot to its database, two threads, with all checks. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public Position decodeOnTwoThreads() throws IOException {
    try (LtxFile snapshot = LtxFile.open(LtxSource.of(file), "snapshot")) {
      return LtxSnapshot.decode(List.of(snapshot), this::write, 2);
    }
  }

  /** File checksum, database checksum and every rule, two threads. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public void verifyOnTwoThreads() throws IOException {
    try (LtxFile snapshot = LtxFile.open(LtxSource.of(file), "snapshot")) {
      LtxVerifier.verify(snapshot, 2);
    }
  }

  /** A snapshot through the compactor, two threads. */
  @Benchmark
  @OperationsPerInvocation(MEGABYTES)
  public long compactOnTwoThreads() throws IOException {
    try (LtxFile snapshot = LtxFile.open(LtxSource.of(file), "snapshot")) {
      return LtxCompactor.compact(List.of(snapshot), NOWHERE, new LtxCompactor.Options(false, 2))
          .sizeBytes();
    }
  }
}
