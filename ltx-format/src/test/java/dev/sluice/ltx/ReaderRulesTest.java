package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Each rule a reader enforces, broken alone. The file at hand, of pages of 512 bytes:
 *
 * <pre>
 *   0x00 header: transactions 5 to 6, 10 pages        0x90 mark
 *   0x64 page 3: 10 bytes and a block of 12           0x96 index: 03 64 16, 07 7a 16, 00, length
 *   0x7a page 7: 10 bytes and a block of 12           0xa5 trailer
 * </pre>
 */
class ReaderRulesTest {
  private static final String NAME = "app.db 5-6.ltx";

  private static byte[] file() {
    byte[] zeros = new byte[512];
    byte[] letters = new byte[512];
    Arrays.fill(letters, (byte) 'a');
    TreeMap<Integer, byte[]> pages = new TreeMap<>();
    pages.put(3, zeros);
    pages.put(7, letters);
    return TestDatabase.file(
        LtxHeader.transactions(512, 10, 5, 6, 1_000, Checksums.FLAG | 1),
        pages,
        Checksums.FLAG | 2);
  }

  @Test
  void header() {
    both(
        b -> b.putInt(0, 0x53514c69),
        "@0x0: not an LTX file, it begins with 53514c69 instead of LTX1");
    both(b -> b.putInt(4, 4), "@0x4: flags are 0x00000004, only bit 1 (NoChecksum) exists");
    both(
        b -> b.putInt(4, 1),
        "@0x4: format version 1, as LiteFS 0.5 writes it, is not supported; export the database"
            + " instead");
    both(b -> b.putInt(8, 1000), "@0x8: page size is 1,000, not a power of two from 512 to 65,536");
    both(b -> b.putInt(8, 256), "@0x8: page size is 256, not a power of two from 512 to 65,536");
    both(
        b -> b.putInt(8, 1 << 17),
        "@0x8: page size is 131,072, not a power of two from 512 to 65,536");
    both(
        b -> b.putInt(8, 1 << 31),
        "@0x8: page size is 2,147,483,648, not a power of two from 512 to 65,536");
    both(
        b -> b.putInt(12, 1 << 31),
        "@0xc: database size is 2,147,483,648 pages, the limit is 2,147,483,647 (8 TiB of 4 KiB"
            + " pages)");
    both(b -> b.putLong(16, 0), "@0x10: minimum TXID is 0, the first TXID is 1");
    both(
        b -> b.putLong(16, 7),
        "@0x18: maximum TXID 0000000000000006 is before the minimum 0000000000000007");
    both(
        b -> b.putLong(16, 1),
        "@0x28: pre-apply checksum of a snapshot is 8000000000000001, not 0");
    both(b -> b.putLong(40, 1), "@0x28: pre-apply checksum 0000000000000001 lacks bit 63");
    both(
        b -> b.putInt(4, 2),
        "@0x28: pre-apply checksum is 8000000000000001 in a file without checksums");
    both(b -> b.putLong(48, -1), "@0x30: WAL offset is -1");
    both(b -> b.putLong(56, -2), "@0x38: WAL size is -2");
    both(b -> b.putLong(56, 24), "@0x38: WAL size is 24 without a WAL offset");
    both(b -> b.putInt(68, 9), "@0x40: WAL salts are 00000000 00000009 without a WAL offset");
    both(b -> b.put(99, (byte) 8), "@0x63: reserved byte is 08, not 0");
  }

  @Test
  void pageNumbers() {
    streamed(
        b -> b.putInt(100, 11), "@0x64: page 11 is beyond the end of the database of 10 pages");
    streamed(b -> b.putInt(122, 3), "@0x7a: page 3 follows page 3, pages must ascend");
    streamed(b -> b.putInt(122, 2), "@0x7a: page 2 follows page 3, pages must ascend");
    streamed(
        b -> b.putInt(100, -1),
        "@0x64: page number 4,294,967,295, supported are 1 to 2,147,483,647 (8 TiB of 4 KiB"
            + " pages)");
    byIndex(b -> b.putInt(100, 4), "@0x64: page 4 stands where the page index has page 3");
    byIndex(
        b -> b.put(150, (byte) 11), "@0x96: page 11 is beyond the end of the database of 10 pages");
    byIndex(b -> b.put(153, (byte) 3), "@0x99: page 3 follows page 3, pages must ascend");
  }

  @Test
  void lockPage() {
    int lockPage = Checksums.lockPage(65536);
    assertThat(lockPage).isEqualTo(16385);
    Consumer<ByteBuffer> large = b -> b.putInt(8, 65536).putInt(12, 20_000).putInt(100, lockPage);
    streamed(large, "@0x64: page 16,385 is the lock page, which no file holds");
  }

  @Test
  void snapshotsHoldEveryPage() {
    Consumer<ByteBuffer> snapshot = b -> b.putLong(16, 1).putLong(40, 0);
    streamed(snapshot, "@0x64: page 3 follows page 0 in a snapshot");
    byIndex(snapshot, "@0x96: page 3 follows page 0 in a snapshot");
    Consumer<ByteBuffer> early =
        snapshot.andThen(
            b -> b.putInt(100, 1).putInt(122, 2).put(150, (byte) 1).put(153, (byte) 2));
    streamed(early, "@0x90: snapshot of 10 pages lacks page 3");
    byIndex(early, "@0x9c: snapshot of 10 pages lacks page 3");
    byte[] letters = new byte[512];
    Arrays.fill(letters, (byte) 'a');
    long pages =
        Checksums.database(
            Checksums.page(1, ByteBuffer.allocate(512))
                ^ Checksums.page(2, ByteBuffer.wrap(letters)));
    Consumer<ByteBuffer> whole = early.andThen(b -> b.putInt(12, 2));
    both(
        whole.andThen(ReaderRulesTest::sign),
        "@0xa5: post-apply checksum is 8000000000000002, the pages give " + Txid.format(pages));
  }

  @Test
  void pageFrames() {
    both(
        b -> b.putShort(104, (short) 8),
        "@0x68: page 3 has flags 0x0008, only bit 0 (size follows) exists");
    both(
        b -> b.putShort(104, (short) 0x8001),
        "@0x68: page 3 has flags 0x8001, only bit 0 (size follows) exists");
    both(b -> b.putInt(106, 0), "@0x6a: page 3 has a block of 0 bytes, possible are 1 to 530");
    both(b -> b.putInt(106, 531), "@0x6a: page 3 has a block of 531 bytes, possible are 1 to 530");
    both(
        b -> b.putInt(106, -1),
        "@0x6a: page 3 has a block of 4,294,967,295 bytes, possible are 1 to 530");
    byIndex(
        b -> b.putInt(106, 11), "@0x6a: page 3 has a block of 11 bytes, the page index leaves 12");
    // The length of a match: one less is one byte of page less.
    both(
        b -> b.put(115, (byte) (b.get(115) - 1)),
        "@0x6e: page 3 decompresses to 511 bytes, page size is 512");
    both(
        b -> b.put(115, (byte) (b.get(115) + 1)),
        "@0x6e: page 3 is no LZ4 block of at most 512 bytes");
    both(
        b -> b.putShort(112, (short) 0x0900), "@0x6e: page 3 is no LZ4 block of at most 512 bytes");
  }

  @Test
  void endOfPages() {
    streamed(b -> b.putShort(148, (short) 1), "@0x94: the mark after the last page has flags");
    byIndex(
        b -> b.putShort(148, (short) 1),
        "@0x90: no mark after the last page, where the page index begins");
  }

  @Test
  void pageIndex() {
    both(
        b -> b.put(151, (byte) 99),
        "@0x97: page index does not say that page 3 is at 0x64 and takes 22 bytes",
        "@0x96: page 3 is said to be at 0x63, frames before it end at 0x64");
    both(
        b -> b.put(152, (byte) 23),
        "@0x98: page index does not say that page 3 is at 0x64 and takes 22 bytes",
        "@0x99: page 7 is said to be at 0x7a, frames before it end at 0x7b");
    both(
        b -> b.put(155, (byte) 23),
        "@0x9b: page index does not say that page 7 is at 0x7a and takes 22 bytes",
        "@0x99: page 7 is said to take 23 bytes");
    both(
        b -> b.put(155, (byte) 21),
        "@0x9b: page index does not say that page 7 is at 0x7a and takes 22 bytes",
        "@0x9c: frames end at 0x8f by the page index, not at 0x90");
    both(
        b -> b.put(155, (byte) 6),
        "@0x9b: page index does not say that page 7 is at 0x7a and takes 22 bytes",
        "@0x99: page 7 is said to take 6 bytes");
    both(
        b -> b.put(156, (byte) 8),
        "@0x9c: page index does not end after the last page",
        "@0x9d: page index ends within an entry");
    both(
        b -> b.put(153, (byte) 0),
        "@0x99: page index does not say that page 7 is at 0x7a and takes 22 bytes",
        "@0x99: page index ends 3 bytes before its length says");
    both(
        b -> b.put(155, (byte) 0x9b),
        "@0x9b: page index does not say that page 7 is at 0x7a and takes 22 bytes",
        "@0x9b: malformed number in the page index");
  }

  @Test
  void lengthOfThePageIndex() {
    for (long length : new long[] {0, -1, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, 52}) {
      both(
          b -> b.putLong(157, length),
          "@0x"
              + Integer.toHexString(firstDifference(length))
              + ": length of the page index is not 7",
          "@0x9d: length of the page index is "
              + Long.toUnsignedString(length)
              + " bytes in a file of 181");
    }
    both(
        b -> b.putLong(157, 6),
        "@0xa4: length of the page index is not 7",
        "@0x91: no mark after the last page, where the page index begins");
  }

  @Test
  void trailer() {
    both(b -> b.putLong(165, 2), "@0xa5: post-apply checksum 0000000000000002 lacks bit 63");
    both(
        b -> b.putInt(4, 2).putLong(40, 0),
        "@0xa5: post-apply checksum 8000000000000002 in a file without checksums");
    long right = ByteBuffer.wrap(file()).getLong(173);
    both(
        b -> b.putLong(173, right ^ 1),
        "@0xad: file checksum is "
            + Txid.format(right ^ 1)
            + ", the content gives "
            + Txid.format(right));
    byte[] longer = Arrays.copyOf(file(), file().length + 1);
    assertThatThrownBy(() -> decode(longer))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessage(NAME + " @0xb5: bytes follow the trailer");
    byte[] deleted = Vectors.bytes("deletion.ltx");
    deleted[deleted.length - 9] ^= 1;
    assertThatThrownBy(() -> decode(deleted))
        .hasMessage(
            NAME + " @0x73: post-apply checksum 8000000000000001 is not that of an empty database");
  }

  @Test
  void everyShorterFile() {
    byte[] file = file();
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> decode(cut)).isInstanceOf(CorruptLtxException.class);
      assertThatThrownBy(() -> verify(cut)).isInstanceOf(CorruptLtxException.class);
    }
    assertThatThrownBy(() -> decode(Arrays.copyOf(file, 99)))
        .hasMessage(NAME + " @0x0: file ends after 99 of the 100 bytes of the header");
    assertThatThrownBy(() -> decode(Arrays.copyOf(file, 112)))
        .hasMessage(NAME + " @0x64: file ends after 12 of the 22 bytes of a page");
    assertThatThrownBy(() -> verify(Arrays.copyOf(file, 130)))
        .hasMessage(NAME + " @0x82: file ends after 130 bytes, the shortest has 131");
  }

  @Test
  void versionOneInOneLz4Stream() {
    byte[] old = file();
    ByteBuffer.wrap(old).putInt(100, 0x04224D18).putShort(104, (short) 0x6440);
    assertThatThrownBy(() -> decode(old)).hasMessage(NAME + " @0x64: " + LtxHeader.V1_MESSAGE);
  }

  /** Where a length of the page index differs from 7, in the file. */
  private static int firstDifference(long length) {
    return 157 + Long.numberOfLeadingZeros(length ^ 7) / 8;
  }

  /** Makes the file checksum right again. */
  private static void sign(ByteBuffer file) {
    long state = Crc64.updateState(Crc64.INITIAL_STATE, file, 0, 110);
    state = Crc64.updateState(state, ByteBuffer.allocate(512), 0, 512);
    state = Crc64.updateState(state, file, 122, 10);
    byte[] letters = new byte[512];
    Arrays.fill(letters, (byte) 'a');
    state = Crc64.updateState(state, letters, 0, 512);
    state = Crc64.updateState(state, file, 144, 29);
    file.putLong(173, ~state | Checksums.FLAG);
  }

  private static void both(Consumer<ByteBuffer> change, String message) {
    both(change, message, message);
  }

  private static void both(Consumer<ByteBuffer> change, String streamed, String byIndex) {
    streamed(change, streamed);
    byIndex(change, byIndex);
  }

  private static void streamed(Consumer<ByteBuffer> change, String message) {
    byte[] file = changed(change);
    assertThatThrownBy(() -> decode(file))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessage(NAME + " " + message);
  }

  private static void byIndex(Consumer<ByteBuffer> change, String message) {
    byte[] file = changed(change);
    assertThatThrownBy(() -> verify(file))
        .isInstanceOf(CorruptLtxException.class)
        .hasMessage(NAME + " " + message);
  }

  private static byte[] changed(Consumer<ByteBuffer> change) {
    byte[] file = file();
    change.accept(ByteBuffer.wrap(file));
    return file;
  }

  private static void decode(byte[] file) throws IOException {
    try (LtxDecoder decoder = LtxDecoder.open(new ByteArrayInputStream(file), NAME)) {
      while (decoder.next()) {
        assertThat(decoder.page().remaining()).isEqualTo(decoder.header().pageSize());
      }
    }
  }

  private static void verify(byte[] file) throws IOException {
    LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(file)), NAME);
  }
}
