package dev.sluice.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/**
 * A rollback journal (<a
 * href="https://sqlite.org/fileformat2.html#the_rollback_journal">fileformat2, 3</a>): the pages
 * that a rollback would write back, and where the journal has them.
 *
 * <pre>
 * segment   header, padded to a sector │ record │ record │ …      the next begins at a sector
 * record    page number (4) │ the original page │ checksum (4)
 * trailer   lock page's number (4) │ name │ its length (4) │ its checksum (4) │ magic (8)
 * </pre>
 *
 * Reading is as tolerant as SQLite's rollback: the first thing that is cut off or wrong is the end.
 * Whether a journal is <em>hot</em> depends on locks too, which are not looked at here.
 */
public final class RollbackJournal {
  private static final long MAGIC = 0xd9d505f920a163d7L;
  private static final int MAX_SECTOR = 65_536;
  private static final int TRAILER = 16;

  /** A record count that means: as many as the file has. */
  private static final int COUNT_FROM_SIZE = -1;

  /**
   * The header of one segment.
   *
   * @param recordCount records in the segment; -1 for as many as the file has
   * @param nonce what the checksums of the records start from
   * @param pageCount size of the database in pages before the transaction
   * @param sectorSize bytes this header takes, and what segments are aligned to
   * @param pageSize bytes
   */
  public record Header(int recordCount, int nonce, int pageCount, int sectorSize, int pageSize) {
    /** Bytes that mean something; the rest of the sector is padding. */
    public static final int SIZE = 28;

    /** Reads the header at the buffer's position, which does not move; empty without its magic. */
    public static Optional<Header> parse(ByteBuffer journal) {
      ByteBuffer in = journal.slice().order(ByteOrder.BIG_ENDIAN);
      if (in.remaining() < SIZE || in.getLong(0) != MAGIC) {
        return Optional.empty();
      }
      return Optional.of(
          new Header(in.getInt(8), in.getInt(12), in.getInt(16), in.getInt(20), in.getInt(24)));
    }

    /** Writes a whole sector at the buffer's position and moves it. */
    public void writeTo(ByteBuffer journal) {
      ByteBuffer out = journal.slice().order(ByteOrder.BIG_ENDIAN);
      out.putLong(MAGIC)
          .putInt(recordCount)
          .putInt(nonce)
          .putInt(pageCount)
          .putInt(sectorSize)
          .putInt(pageSize);
      while (out.position() < sectorSize) {
        out.put((byte) 0);
      }
      journal.position(journal.position() + sectorSize);
    }

    private boolean isUsable() {
      return PageSize.isValid(pageSize)
          && sectorSize >= 32
          && sectorSize <= MAX_SECTOR
          && Integer.bitCount(sectorSize) == 1;
    }
  }

  private final Header first;
  private final Optional<String> superJournal;
  private final int[] pgnos;
  private final long[] offsets;

  private RollbackJournal(
      Header first, Optional<String> superJournal, int[] pgnos, long[] offsets) {
    this.first = first;
    this.superJournal = superJournal;
    this.pgnos = pgnos;
    this.offsets = offsets;
  }

  /** Bytes of a record. */
  public static int recordSize(int pageSize) {
    return pageSize + 8;
  }

  /** The checksum of a record: {@code nonce} and every 200th byte of the page, from its end. */
  public static int checksum(int nonce, ByteBuffer page, int from, int pageSize) {
    int sum = nonce;
    for (int i = pageSize - 200; i > 0; i -= 200) {
      sum += page.get(from + i) & 0xff;
    }
    return sum;
  }

  /**
   * Reads a journal.
   *
   * @param sizeBytes size of the journal
   * @param databasePageSize for a journal whose header leaves it open
   * @return empty when a rollback with it would do nothing: its header is zeroed, or never was
   *     written
   */
  public static Optional<RollbackJournal> read(ReadAt file, long sizeBytes, int databasePageSize)
      throws IOException {
    Optional<Header> found = readHeader(file, 0);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Header first = found.get();
    if (first.pageSize() == 0) {
      first =
          new Header(
              first.recordCount(),
              first.nonce(),
              first.pageCount(),
              first.sectorSize(),
              databasePageSize);
    }
    if (!first.isUsable() || sizeBytes < first.sectorSize()) {
      return Optional.empty();
    }
    Records records = new Records(file, first, sizeBytes);
    records.readAll();
    return Optional.of(
        new RollbackJournal(
            first,
            readSuperJournal(file, sizeBytes),
            Arrays.copyOf(records.pgnos, records.size),
            Arrays.copyOf(records.offsets, records.size)));
  }

  private static Optional<Header> readHeader(ReadAt file, long offset) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Header.SIZE);
    file.readFully(bytes, offset);
    return Header.parse(bytes.flip());
  }

  /** The walk over the segments. */
  private static final class Records {
    private final ReadAt file;
    private final Header first;
    private final long sizeBytes;
    private final ByteBuffer record;
    private final BitSet seen = new BitSet();
    private int[] pgnos = new int[64];
    private long[] offsets = new long[64];
    private int size;

    Records(ReadAt file, Header first, long sizeBytes) {
      this.file = file;
      this.first = first;
      this.sizeBytes = sizeBytes;
      this.record = ByteBuffer.allocate(recordSize(first.pageSize()));
    }

    void readAll() throws IOException {
      long offset = 0;
      Header segment = first;
      int recordSize = recordSize(first.pageSize());
      while (true) {
        long start = offset + first.sectorSize();
        long count = segment.recordCount() & 0xffffffffL;
        if (segment.recordCount() == COUNT_FROM_SIZE) {
          count = (sizeBytes - start) / recordSize;
        }
        for (long i = 0; i < count; i++) {
          if (!read(segment.nonce(), start + i * recordSize)) {
            return;
          }
        }
        offset = roundUp(start + count * recordSize, first.sectorSize());
        if (offset + first.sectorSize() > sizeBytes) {
          return;
        }
        Optional<Header> next = readHeader(file, offset);
        if (next.isEmpty()) {
          return;
        }
        segment = next.get();
      }
    }

    /** False at the end of what can be rolled back. */
    private boolean read(int nonce, long offset) throws IOException {
      if (file.readFully(record.clear(), offset) < record.capacity()) {
        return false;
      }
      int pgno = record.getInt(0);
      if (pgno == 0 || pgno == PageSize.lockPage(first.pageSize())) {
        return false;
      }
      if (Integer.compareUnsigned(pgno, first.pageCount()) > 0 || pgno < 0 || seen.get(pgno)) {
        return true;
      }
      int pageSize = first.pageSize();
      if (checksum(nonce, record, 4, pageSize) != record.getInt(4 + pageSize)) {
        return false;
      }
      seen.set(pgno);
      if (size == pgnos.length) {
        pgnos = Arrays.copyOf(pgnos, size * 2);
        offsets = Arrays.copyOf(offsets, size * 2);
      }
      pgnos[size] = pgno;
      offsets[size++] = offset + 4;
      return true;
    }
  }

  private static Optional<String> readSuperJournal(ReadAt file, long sizeBytes) throws IOException {
    ByteBuffer tail = ByteBuffer.allocate(TRAILER);
    if (sizeBytes < TRAILER || file.readFully(tail, sizeBytes - TRAILER) < TRAILER) {
      return Optional.empty();
    }
    int length = tail.getInt(0);
    if (tail.getLong(8) != MAGIC || length <= 0 || length > 4096 || length > sizeBytes - TRAILER) {
      return Optional.empty();
    }
    byte[] name = new byte[length];
    file.readFully(ByteBuffer.wrap(name), sizeBytes - TRAILER - length);
    int sum = 0;
    for (byte b : name) {
      sum += b;
    }
    return sum == tail.getInt(4)
        ? Optional.of(new String(name, StandardCharsets.UTF_8))
        : Optional.empty();
  }

  private static long roundUp(long offset, int unit) {
    return (offset + unit - 1) / unit * unit;
  }

  /** The header of the first segment; its page size is never 0. */
  public Header header() {
    return first;
  }

  /**
   * The journal of a transaction over several databases: without that file the transaction is
   * committed and this journal is not rolled back.
   */
  public Optional<String> superJournal() {
    return superJournal;
  }

  /** Number of pages a rollback writes back. */
  public int size() {
    return pgnos.length;
  }

  /** The {@code i}-th page, from 0, in the journal's order; each page once. */
  public int pgno(int i) {
    return pgnos[i];
  }

  /** Where the original of the {@code i}-th page begins in the journal. */
  public long offset(int i) {
    return offsets[i];
  }
}
