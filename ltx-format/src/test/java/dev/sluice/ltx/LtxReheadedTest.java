package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What is taken as it stands is what an encoder would have written. */
class LtxReheadedTest {
  @Property(tries = 200)
  void sameBytesAsEncodedWithoutChecksums(
      @ForAll long seed,
      @ForAll @IntRange(min = 9, max = 16) int pageSizeBits,
      @ForAll @IntRange(min = 1, max = 40) int pages,
      @ForAll @IntRange(min = 1, max = 5000) int piece)
      throws IOException {
    TestDatabase with = new TestDatabase(1 << pageSizeBits, seed);
    TestDatabase without = new TestDatabase(1 << pageSizeBits, seed);
    without.noChecksum = true;
    for (int i = 0; i < 3; i++) {
      byte[] file = with.transaction(pages);
      byte[] expected = without.transaction(pages);
      try (LtxFile opened = LtxFile.open(LtxSource.of(ByteBuffer.wrap(file)), "with")) {
        LtxReheaded bare = LtxReheaded.bare(opened);
        assertThat(read(bare, piece)).isEqualTo(expected);
        assertThat(bare.header()).isEqualTo(LtxHeader.parse(ByteBuffer.wrap(expected)));
        try (LtxFile reopened = LtxFile.open(LtxSource.of(ByteBuffer.wrap(expected)), "without")) {
          LtxReheaded back =
              LtxReheaded.of(reopened, opened.header(), opened.trailer().postApplyChecksum());
          assertThat(read(back, piece)).isEqualTo(file);
          assertThat(back.trailer()).isEqualTo(opened.trailer());
        }
      }
    }
  }

  private static byte[] read(LtxSource source, int piece) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) source.size());
    while (bytes.hasRemaining()) {
      ByteBuffer some = bytes.slice(bytes.position(), Math.min(piece, bytes.remaining()));
      source.readFully(bytes.position(), some);
      bytes.position(bytes.position() + some.position());
    }
    return bytes.array();
  }

  @Test
  void whereInTheWalItWasIsLeftOut() throws IOException {
    TestDatabase database = new TestDatabase(512, 1);
    LtxHeader header = LtxHeader.transactions(512, 1, 1, 1, 5, 0, new WalRange(32, 536, 7, 8));
    database.commit = 1;
    database.pages.put(1, database.page());
    byte[] file = TestDatabase.file(header, database.pages, database.checksum());
    try (LtxFile opened = LtxFile.open(LtxSource.of(ByteBuffer.wrap(file)), "of a WAL")) {
      LtxReheaded bare = LtxReheaded.bare(opened);
      assertThat(bare.header()).isEqualTo(LtxHeader.snapshot(512, 1, 1, 5).withoutChecksum());
      LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(read(bare, 4096))), "bare");
    }
  }

  @Test
  void framesWithoutSizesAreRefused() throws IOException {
    byte[] file = new TestDatabase(512, 1).transaction(3);
    file[LtxHeader.SIZE + 5] = 0;
    try (LtxFile opened = LtxFile.open(LtxSource.of(ByteBuffer.wrap(file)), "no sizes")) {
      assertThatIllegalArgumentException().isThrownBy(() -> LtxReheaded.bare(opened));
    }
  }
}
