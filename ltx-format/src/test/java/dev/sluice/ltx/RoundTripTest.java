package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ltx.TestDatabase.Bytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is read. */
class RoundTripTest {
  @Property(tries = 200)
  void writtenIsRead(
      @ForAll long seed,
      @ForAll @IntRange(min = 9, max = 16) int pageSizeBits,
      @ForAll @IntRange(min = 1, max = 40) int pages,
      @ForAll boolean noChecksum)
      throws IOException {
    TestDatabase database = new TestDatabase(1 << pageSizeBits, seed);
    database.noChecksum = noChecksum;
    TestDatabase copy = new TestDatabase(1 << pageSizeBits, 0);
    for (int i = 0; i < 3; i++) {
      byte[] file = database.transaction(1 + database.random.nextInt(pages));
      copy.apply(file);
      assertThat(copy.bytes()).isEqualTo(database.bytes());
      assertThat(again(file)).isEqualTo(file);
      LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(file)), "written");
    }
  }

  @Property(tries = 200)
  void headers(
      @ForAll long minTxid,
      @ForAll @IntRange(min = 0) int length,
      @ForAll @IntRange(min = 0) int commit,
      @ForAll long timestampMillis,
      @ForAll long checksum,
      @ForAll @IntRange(min = 1) int walOffset,
      @ForAll int salt,
      @ForAll long nodeId) {
    long min = minTxid == 0 || minTxid + length == 0 ? 7 : minTxid;
    long max = Long.compareUnsigned(min, min + length) > 0 ? min : min + length;
    long pre = min == 1 ? 0 : checksum | Checksums.FLAG;
    LtxHeader header =
        new LtxHeader(
            0, 4096, commit, min, max, timestampMillis, pre, walOffset, 99, salt, ~salt, nodeId);
    ByteBuffer bytes = ByteBuffer.allocate(LtxHeader.SIZE);
    header.writeTo(bytes);
    assertThat(bytes.hasRemaining()).isFalse();
    assertThat(LtxHeader.parse(bytes.flip())).isEqualTo(header);
    assertThat(LtxFileName.parse(header.fileName().format())).isEqualTo(header.fileName());
  }

  @Test
  void everyKindOfBufferGivesTheSameFile() throws IOException {
    TestDatabase database = new TestDatabase(4096, 3);
    byte[] page = database.page();
    ByteBuffer padded = ByteBuffer.allocate(5000).position(100).put(page).flip().position(100);
    ByteBuffer direct = ByteBuffer.allocateDirect(4096).put(page).flip();
    LtxHeader header = LtxHeader.snapshot(4096, 1, 9, 5);
    byte[] expected = encode(header, ByteBuffer.wrap(page));
    for (ByteBuffer data :
        List.of(
            padded, direct, direct.asReadOnlyBuffer(), padded.asReadOnlyBuffer(), padded.slice())) {
      int position = data.position();
      assertThat(encode(header, data)).isEqualTo(expected);
      assertThat(data.position()).isEqualTo(position);
      assertThat(data.remaining()).isEqualTo(4096);
    }
  }

  @Test
  void smallFileIsOneWriteAndAnEncoderServesManyFiles() throws IOException {
    TestDatabase database = new TestDatabase(4096, 4);
    LtxEncoder encoder = new LtxEncoder();
    for (int pages : new int[] {1, 300, 2}) {
      NavigableMap<Integer, byte[]> content = new TreeMap<>();
      for (int pgno = 1; pgno <= pages; pgno++) {
        content.put(pgno, database.page());
      }
      LtxHeader header = LtxHeader.transactions(4096, pages, 2, 2, 0, Checksums.EMPTY);
      Bytes out = new Bytes();
      encoder.start(header, out);
      for (int pgno : content.keySet()) {
        encoder.page(pgno, ByteBuffer.wrap(content.get(pgno)));
      }
      LtxTrailer trailer = encoder.finish(5 | Checksums.FLAG);
      assertThat(out.bytes())
          .isEqualTo(TestDatabase.file(header, content, 5 | Checksums.FLAG))
          .hasSize((int) encoder.sizeBytes());
      assertThat(encoder.fileChecksum()).isEqualTo(trailer.fileChecksum());
      if (pages < 10) {
        assertThat(out.writes).isEqualTo(1);
      }
    }
  }

  @Test
  void anUnfinishedFileIsDropped() throws IOException {
    TestDatabase database = new TestDatabase(512, 4);
    byte[] page = database.page();
    LtxHeader header = LtxHeader.snapshot(512, 1, 1, 0);
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(LtxHeader.snapshot(512, 2, 1, 0), new Bytes());
    encoder.page(1, ByteBuffer.wrap(database.page()));
    Bytes out = new Bytes();
    encoder.start(header, out);
    encoder.page(1, ByteBuffer.wrap(page));
    encoder.finish(7 | Checksums.FLAG);
    NavigableMap<Integer, byte[]> pages = new TreeMap<>();
    pages.put(1, page);
    assertThat(out.bytes()).isEqualTo(TestDatabase.file(header, pages, 7 | Checksums.FLAG));
  }

  @Test
  void filesOneBehindAnotherInOneFile(@TempDir Path directory) throws IOException {
    TestDatabase database = new TestDatabase(1024, 5);
    byte[] first = database.transaction(4);
    byte[] second = database.transaction(6);
    Path log = directory.resolve("log");
    Files.write(log, first);
    Files.write(log, second, StandardOpenOption.APPEND);
    TestDatabase copy = new TestDatabase(1024, 0);
    try (FileChannel channel = FileChannel.open(log)) {
      long offset = 0;
      for (byte[] file : List.of(first, second)) {
        LtxSource source = LtxSource.of(channel, offset, file.length);
        LtxVerifier.verify(source, "in the log");
        ByteBuffer all = ByteBuffer.allocate(file.length);
        source.readFully(0, all);
        assertThat(all.array()).isEqualTo(file);
        copy.apply(all.array());
        offset += file.length;
      }
      assertThat(channel.isOpen()).isTrue();
    }
    assertThat(copy.bytes()).isEqualTo(database.bytes());
    Files.write(log, first);
    assertThat(LtxVerifier.verify(LtxSource.of(log), "alone").postApplyChecksum()).isNegative();
  }

  @Test
  void aStreamThatGivesBytesOneByOne() throws IOException {
    byte[] file = Vectors.bytes("chain/0000000000000001-0000000000000001.ltx");
    ByteArrayInputStream slow =
        new ByteArrayInputStream(file) {
          @Override
          public synchronized int read(byte[] target, int offset, int length) {
            return super.read(target, offset, Math.min(length, 1));
          }
        };
    try (LtxDecoder decoder = LtxDecoder.open(slow, "slow")) {
      int pages = 0;
      while (decoder.next()) {
        pages++;
      }
      assertThat(pages).isEqualTo(5);
      assertThat(decoder.next()).isFalse();
    }
  }

  private static byte[] encode(LtxHeader header, ByteBuffer page) throws IOException {
    Bytes out = new Bytes();
    LtxEncoder encoder = new LtxEncoder();
    encoder.start(header, out);
    encoder.page(1, page);
    encoder.finish(Checksums.database(Checksums.page(1, page)));
    return out.bytes();
  }

  private static byte[] again(byte[] file) throws IOException {
    Bytes out = new Bytes();
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(ByteBuffer.wrap(file)), "again")) {
      LtxEncoder encoder = new LtxEncoder();
      encoder.start(decoder.header(), out);
      while (decoder.next()) {
        encoder.page(decoder.pgno(), decoder.page());
      }
      encoder.finish(decoder.trailer().postApplyChecksum());
    }
    return out.bytes();
  }
}
