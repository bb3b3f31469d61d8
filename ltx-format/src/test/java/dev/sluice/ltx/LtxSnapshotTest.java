package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.TestDatabase.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LtxSnapshotTest {
  @Property(tries = 60)
  void encodedIsDecoded(
      @ForAll long seed,
      @ForAll @IntRange(max = 200) int pages,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll boolean noChecksum)
      throws IOException {
    TestDatabase database = new TestDatabase(32768, seed);
    database.transaction(pages);
    byte[] content = database.bytes();
    LtxHeader header = LtxHeader.snapshot(32768, pages, 77, 5);
    Bytes out = new Bytes();
    LtxSnapshot.Encoded encoded =
        LtxSnapshot.encode(
            noChecksum ? header.withoutChecksum() : header, reader(content), out, threads);
    byte[] file = out.bytes();
    assertThat(encoded.file().sizeBytes()).isEqualTo(file.length);
    assertThat(encoded.databaseChecksum()).isEqualTo(database.checksum());

    TestDatabase streamed = new TestDatabase(32768, 0);
    streamed.apply(file);
    assertThat(streamed.bytes()).isEqualTo(content);
    Position position = new Position(77, database.checksum());
    assertThat(decode(List.of(file), content, threads)).isEqualTo(position);
    assertThat(LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(file)), "encoded"))
        .isEqualTo(encoded.file().trailer());
  }

  @Property(tries = 100)
  void snapshotAndWhatFollows(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int pages)
      throws IOException {
    TestDatabase database = new TestDatabase(65536, seed);
    List<byte[]> files = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      files.add(database.transaction(1 + database.random.nextInt(pages)));
    }
    assertThat(decode(files, database.bytes(), 2)).isEqualTo(new Position(4, database.checksum()));
    Bytes overlap = new Bytes();
    LtxCompactor.compact(
        TestDatabase.open(files.subList(1, 3)), overlap, new LtxCompactor.Options(false, 1));
    decode(List.of(files.get(0), files.get(1), overlap.bytes(), files.get(3)), database.bytes(), 1);
  }

  @Test
  void refusesGapsAndWrongDatabaseChecksums() {
    TestDatabase database = new TestDatabase(512, 1);
    byte[] first = database.transaction(20);
    byte[] second = database.transaction(20);
    byte[] third = database.transaction(20);
    assertThatThrownBy(() -> decode(List.of(first, third), new byte[0], 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("f1 does not follow f0: TXID 0000000000000002 is missing");
    assertThatThrownBy(() -> decode(List.of(first, second, second), new byte[0], 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("f2 reaches no further than f1");
    TestDatabase other = new TestDatabase(512, 2);
    byte[] fork = other.transaction(20);
    assertThatThrownBy(() -> decode(List.of(fork, second), new byte[20 * 512], 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("f1 does not follow f0: it begins at checksum ");
    other = new TestDatabase(512, 2);
    other.noChecksum = true;
    byte[] foreign = other.transaction(20);
    assertThatThrownBy(() -> decode(List.of(foreign, second, third), new byte[20 * 512], 1))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessageContaining("f2 @0x")
        .hasMessageContaining("post-apply checksum is ");
    assertThatThrownBy(() -> LtxSnapshot.decode(List.of(), (pgno, pages) -> {}, 1))
        .hasMessage("no files to decode");
  }

  @Test
  void failuresOfReadersAndWritersReachTheCaller() throws IOException {
    LtxHeader header = LtxHeader.snapshot(65536, 300, 1, 0);
    assertThatThrownBy(
            () ->
                LtxSnapshot.encode(
                    header,
                    (pgno, pages) -> {
                      if (pgno > 100) {
                        throw new IOException("bad sector");
                      }
                      pages.position(pages.limit());
                    },
                    new Bytes(),
                    2))
        .isInstanceOf(IOException.class)
        .hasMessage("bad sector");
    Bytes out = new Bytes();
    LtxSnapshot.encode(header, (pgno, pages) -> pages.position(pages.limit()), out, 2);
    List<LtxFile> files = TestDatabase.open(List.of(out.bytes()));
    assertThatThrownBy(
            () ->
                LtxSnapshot.decode(
                    files,
                    (pgno, pages) -> {
                      throw new IOException("disk full");
                    },
                    2))
        .hasMessage("disk full");
  }

  private static LtxSnapshot.PageReader reader(byte[] content) {
    return (pgno, pages) -> pages.put(content, (pgno - 1) * 32768, pages.remaining());
  }

  private static Position decode(List<byte[]> files, byte[] expected, int threads)
      throws IOException {
    byte[] target = new byte[expected.length];
    List<LtxFile> opened = TestDatabase.open(files);
    int pageSize = opened.get(0).header().pageSize();
    Position position =
        LtxSnapshot.decode(
            opened,
            (pgno, pages) -> pages.get(target, (pgno - 1) * pageSize, pages.remaining()),
            threads);
    assertThat(target).isEqualTo(expected);
    return position;
  }
}
