package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.TestDatabase.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LtxCompactorTest {
  private static final LtxCompactor.Options PLAIN = new LtxCompactor.Options(false, 2);

  @Test
  void vectors() throws IOException {
    assertThat(compactChain(1, 4, PLAIN)).isEqualTo(contentOf("compacted-1-4.ltx"));
    assertThat(compactChain(2, 3, PLAIN)).isEqualTo(contentOf("compacted-2-3.ltx"));
    assertThat(compactChain(1, 3, new LtxCompactor.Options(true, 1)))
        .isEqualTo(contentOf("compacted-1-3-nochecksum.ltx"));
  }

  @Property(tries = 150)
  void equalsPageByPageApplication(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 30) int files,
      @ForAll @IntRange(min = 1, max = 20) int pages,
      @ForAll boolean noChecksum,
      @ForAll @IntRange(min = 0, max = 5) int from)
      throws IOException {
    TestDatabase database = new TestDatabase(512, seed);
    database.noChecksum = noChecksum;
    List<byte[]> chain = new ArrayList<>();
    for (int i = 0; i < files; i++) {
      int size = database.random.nextInt(5) == 0 ? 0 : 1 + database.random.nextInt(pages);
      chain.add(database.transaction(i == 0 ? 1 + size : size));
    }
    int start = Math.min(from, files - 1);
    TestDatabase copy = new TestDatabase(512, 0);
    chain.subList(0, start).forEach(copy::apply);
    byte[] compacted = compact(chain.subList(start, files), PLAIN);
    copy.apply(compacted);
    assertThat(copy.bytes()).isEqualTo(database.bytes());
    assertThat(copy.txid).isEqualTo(files);
    LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(compacted)), "compacted");
  }

  @Test
  void compactionsOfCompactions() throws IOException {
    TestDatabase database = new TestDatabase(1024, 11);
    List<byte[]> chain = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      chain.add(database.transaction(5 + database.random.nextInt(30)));
    }
    List<byte[]> parts = new ArrayList<>();
    for (int i = 0; i < 12; i += 4) {
      parts.add(compact(chain.subList(i, i + 4), PLAIN));
    }
    assertThat(compact(parts, PLAIN)).isEqualTo(compact(chain, PLAIN));
  }

  @Test
  void thousandsOfSmallFiles() throws IOException {
    TestDatabase database = new TestDatabase(4096, 12);
    List<byte[]> files = new ArrayList<>();
    files.add(database.transaction(1000));
    long checksum = database.checksum();
    long before = checksum;
    for (int i = 2; i <= 3000; i++) {
      int pgno = 1 + database.random.nextInt(1000);
      byte[] page = database.page();
      checksum =
          Checksums.database(
              checksum
                  ^ Checksums.page(pgno, ByteBuffer.wrap(database.pages.get(pgno)))
                  ^ Checksums.page(pgno, ByteBuffer.wrap(page)));
      TreeMap<Integer, byte[]> changed = new TreeMap<>();
      changed.put(pgno, page);
      database.pages.put(pgno, page);
      files.add(
          TestDatabase.file(
              LtxHeader.transactions(4096, 1000, i, i, i, before), changed, checksum));
      before = checksum;
    }
    TestDatabase copy = new TestDatabase(4096, 0);
    copy.apply(compact(files, PLAIN));
    assertThat(copy.bytes()).isEqualTo(database.bytes());
    assertThat(copy.checksum()).isEqualTo(checksum);
  }

  @Test
  void framesOfTheOldKindBecomeBlocks() throws IOException {
    byte[] old = Vectors.bytes("legacy-lz4-frame/snapshot-512.ltx");
    byte[] compacted = compact(List.of(old), PLAIN);
    TestDatabase a = new TestDatabase(512, 0);
    TestDatabase b = new TestDatabase(512, 0);
    a.apply(old);
    b.apply(compacted);
    assertThat(b.bytes()).isEqualTo(a.bytes());
    assertThat(ByteBuffer.wrap(compacted).getShort(LtxHeader.SIZE + 4)).isEqualTo((short) 1);
  }

  @Test
  void pageSizeMayChangeWhereTheWholeDatabaseIsHeld() throws IOException {
    TestDatabase small = new TestDatabase(512, 13);
    List<byte[]> files = new ArrayList<>();
    files.add(small.transaction(9));
    files.add(small.transaction(9));
    TestDatabase large = new TestDatabase(2048, 14);
    large.transaction(2);
    byte[] vacuum =
        TestDatabase.file(
            LtxHeader.transactions(2048, 2, 3, 3, 0, small.checksum()),
            large.pages,
            large.checksum());
    large.txid = 3;
    files.add(vacuum);
    files.add(large.transaction(4));
    TestDatabase copy = new TestDatabase(2048, 0);
    copy.apply(compact(files, PLAIN));
    assertThat(copy.bytes()).isEqualTo(large.bytes());

    large.pages.remove(1);
    files.set(
        2,
        TestDatabase.file(
            LtxHeader.transactions(2048, 2, 3, 3, 0, small.checksum()),
            new TreeMap<>(large.pages.headMap(3)),
            Checksums.EMPTY));
    assertThatThrownBy(() -> compact(files.subList(0, 3), PLAIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "f2 changes the page size from 512 to 2,048 but does not hold the whole database");
  }

  @Test
  void refusesWhatDoesNotFollow() {
    TestDatabase database = new TestDatabase(512, 15);
    List<byte[]> chain = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      chain.add(database.transaction(3));
    }
    assertThatThrownBy(() -> compact(List.of(chain.get(0), chain.get(2)), PLAIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "f1 does not follow f0: it begins at TXID 0000000000000003, not 0000000000000002");
    TestDatabase other = new TestDatabase(512, 16);
    other.transaction(3);
    byte[] foreign = other.transaction(3);
    assertThatThrownBy(() -> compact(List.of(chain.get(0), foreign), PLAIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("f1 does not follow f0: it begins at checksum ");
    assertThatThrownBy(() -> compact(List.of(), PLAIN)).hasMessage("nothing to compact");
  }

  @Test
  void refusesAGrownDatabaseWithoutItsNewPages() {
    TestDatabase database = new TestDatabase(512, 17);
    byte[] first = database.transaction(3);
    byte[] second =
        TestDatabase.file(
            LtxHeader.transactions(512, 5, 2, 2, 0, database.checksum()),
            new TreeMap<>(),
            Checksums.EMPTY | 1);
    assertThatThrownBy(() -> compact(List.of(first, second), PLAIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("page 4 of the database after f1 is in none of the 2 files");
  }

  @Test
  void aDamagedInputIsNotSpread() {
    TestDatabase database = new TestDatabase(512, 18);
    byte[] first = database.transaction(3);
    byte[] second = database.transaction(3);
    first[first.length - 1] ^= 1;
    assertThatThrownBy(() -> compact(List.of(first), PLAIN))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessageContaining("f0 @0x")
        .hasMessageContaining("file checksum is ");
    second[LtxHeader.SIZE + 20] ^= 4;
    assertThatThrownBy(() -> compact(List.of(second), PLAIN))
        .isInstanceOf(CorruptLtxException.class);
  }

  private static byte[] compactChain(int from, int to, LtxCompactor.Options options)
      throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (int i = from; i <= to; i++) {
      files.add(Vectors.bytes("chain/" + new LtxFileName(i, i)));
    }
    return content(compact(files, options));
  }

  private static byte[] contentOf(String vector) throws IOException {
    return content(Vectors.bytes(vector));
  }

  /** Header, pages and post-apply checksum: all but what depends on the compressor. */
  private static byte[] content(byte[] file) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(1 << 20);
    try (LtxDecoder decoder = LtxDecoder.open(LtxSource.of(ByteBuffer.wrap(file)), "content")) {
      decoder.header().writeTo(all);
      while (decoder.next()) {
        all.putInt(decoder.pgno()).put(decoder.page());
      }
      all.putLong(decoder.trailer().postApplyChecksum());
    }
    return Arrays.copyOf(all.array(), all.position());
  }

  private static byte[] compact(List<byte[]> files, LtxCompactor.Options options)
      throws IOException {
    Bytes out = new Bytes();
    EncodedLtx encoded = LtxCompactor.compact(TestDatabase.open(files), out, options);
    byte[] bytes = out.bytes();
    assertThat(encoded.sizeBytes()).isEqualTo(bytes.length);
    try (LtxFile file = LtxFile.open(LtxSource.of(ByteBuffer.wrap(bytes)), "compacted")) {
      assertThat(file.header()).isEqualTo(encoded.header());
      assertThat(file.trailer()).isEqualTo(encoded.trailer());
    }
    return bytes;
  }
}
