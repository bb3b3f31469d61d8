package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FormatsTest {
  private static final int PAGE = 512;

  @Test
  void checksumIsThatOfTheSpecificationWhateverTheBuffer() {
    byte[] bytes = new byte[4104];
    new Random(1).nextBytes(bytes);
    for (boolean big : new boolean[] {false, true}) {
      long expected = asSpecified(WalChecksum.of(7, -3), bytes, 8, 4096, big);
      for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
        ByteBuffer heap = ByteBuffer.wrap(bytes).order(order);
        ByteBuffer direct = ByteBuffer.allocateDirect(4104).order(order).put(bytes).position(100);
        assertThat(WalChecksum.update(WalChecksum.of(7, -3), heap, 8, 4096, big))
            .isEqualTo(expected);
        assertThat(WalChecksum.update(WalChecksum.of(7, -3), direct, 8, 4096, big))
            .isEqualTo(expected);
      }
    }
  }

  private static long asSpecified(long start, byte[] bytes, int from, int length, boolean big) {
    ByteBuffer words =
        ByteBuffer.wrap(bytes).order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    int s0 = WalChecksum.s0(start);
    int s1 = WalChecksum.s1(start);
    for (int i = from; i < from + length; i += 8) {
      s0 += words.getInt(i) + s1;
      s1 += words.getInt(i + 4) + s0;
    }
    return WalChecksum.of(s0, s1);
  }

  @Test
  void walHeaderIsReadAsWrittenInBothByteOrders() {
    for (boolean big : new boolean[] {false, true}) {
      WalHeader header = new WalHeader(big, 65_536, 9, 0x80000001, -5);
      ByteBuffer bytes = ByteBuffer.allocate(40).position(8);
      assertThat(header.writeTo(bytes)).isEqualTo(header.checksum());
      assertThat(WalHeader.parse(bytes.position(8))).contains(header);
    }
  }

  @Test
  void blocksOfTheIndexMeetWithoutGaps() {
    assertThat(WalIndex.block(1)).isZero();
    assertThat(WalIndex.block(4062)).isZero();
    assertThat(WalIndex.block(4063)).isEqualTo(1);
    assertThat(WalIndex.block(4062 + 4096)).isEqualTo(1);
    assertThat(WalIndex.block(4062 + 4097)).isEqualTo(2);
    assertThat(WalIndex.pageNumber(1)).isEqualTo(136);
    assertThat(WalIndex.pageNumber(4062)).isEqualTo(WalIndex.HASH_TABLE - 4);
    assertThat(WalIndex.pageNumber(4063)).isZero();
    assertThat(WalIndex.lastFrame(1)).isEqualTo(4062 + 4096);
  }

  @Test
  void databaseHeaderNeedsMagicAndPageSize() {
    ByteBuffer page = ByteBuffer.allocate(PAGE);
    page.put("SQLite format 3\0".getBytes(StandardCharsets.US_ASCII)).rewind();
    assertThat(DatabaseHeader.hasMagic(page)).isTrue();
    assertThat(DatabaseHeader.parse(page)).isEmpty();
    page.putShort(16, (short) 1).put(19, (byte) 2).putInt(24, 4).putInt(28, 77);
    DatabaseHeader header = DatabaseHeader.parse(page).orElseThrow();
    assertThat(header.pageSize()).isEqualTo(65_536);
    assertThat(header.isWal()).isTrue();
    assertThat(header.pageCount()).isZero();
    page.putInt(92, 4);
    assertThat(DatabaseHeader.parse(page).orElseThrow().pageCount()).isEqualTo(77);
    page.put(0, (byte) 's');
    assertThat(DatabaseHeader.parse(page)).isEmpty();
    assertThat(DatabaseHeader.hasMagic(ByteBuffer.allocate(3))).isFalse();
  }

  @Test
  void journalOfUnknownLengthEndsAtTheFirstTornRecord() throws Exception {
    byte[] journal = journal(-1, 3);
    assertThat(read(journal).size()).isEqualTo(3);
    assertThat(read(Arrays.copyOf(journal, journal.length - 1)).size()).isEqualTo(2);
    journal[PAGE + RollbackJournal.recordSize(PAGE) + 4 + PAGE - 200]++;
    RollbackJournal torn = read(journal);
    assertThat(torn.size()).isEqualTo(1);
    assertThat(torn.pgno(0)).isEqualTo(1);
    assertThat(torn.offset(0)).isEqualTo(PAGE + 4);
  }

  @Test
  void journalKeepsTheFirstOriginalAndSkipsPagesPastTheOldEnd() throws Exception {
    byte[] journal = journal(4, 4);
    ByteBuffer bytes = ByteBuffer.wrap(journal);
    int record = RollbackJournal.recordSize(PAGE);
    bytes.putInt(PAGE + record, 1);
    bytes.putInt(PAGE + 2 * record, 99);
    RollbackJournal read = read(journal);
    assertThat(read.size()).isEqualTo(2);
    assertThat(read.pgno(1)).isEqualTo(4);
    bytes.putInt(PAGE + record, 0);
    assertThat(read(journal).size()).isEqualTo(1);
  }

  @Test
  void zeroedJournalIsNone() throws Exception {
    byte[] journal = journal(3, 3);
    journal[0] = 0;
    assertThat(RollbackJournal.read(RealFilesTest.bytes(journal), journal.length, PAGE)).isEmpty();
    assertThat(RollbackJournal.read(RealFilesTest.bytes(new byte[0]), 0, PAGE)).isEmpty();
  }

  @Test
  void superJournalStandsAtTheEnd() throws Exception {
    byte[] name = "/data/app.db-mj0123".getBytes(StandardCharsets.UTF_8);
    int sum = 0;
    for (byte b : name) {
      sum += b;
    }
    byte[] journal = journal(2, 2);
    ByteBuffer bytes = ByteBuffer.allocate(journal.length + 4 + name.length + 16);
    bytes.put(journal).putInt(PageSize.lockPage(PAGE)).put(name).putInt(name.length).putInt(sum);
    bytes.putLong(0xd9d505f920a163d7L);
    assertThat(read(bytes.array()).superJournal()).contains("/data/app.db-mj0123");
    assertThat(read(bytes.array()).size()).isEqualTo(2);
    bytes.array()[journal.length + 6]++;
    assertThat(read(bytes.array()).superJournal()).isEmpty();
  }

  private static RollbackJournal read(byte[] journal) throws Exception {
    return RollbackJournal.read(RealFilesTest.bytes(journal), journal.length, PAGE).orElseThrow();
  }

  private static byte[] journal(int count, int records) {
    int nonce = 0x7ffffff0;
    ByteBuffer out = ByteBuffer.allocate(PAGE + records * RollbackJournal.recordSize(PAGE));
    new RollbackJournal.Header(count, nonce, 10, 512, PAGE).writeTo(out);
    Random random = new Random(3);
    for (int i = 1; i <= records; i++) {
      byte[] page = new byte[PAGE];
      random.nextBytes(page);
      out.putInt(i).put(page);
      out.putInt(RollbackJournal.checksum(nonce, ByteBuffer.wrap(page), 0, PAGE));
    }
    return out.array();
  }
}
