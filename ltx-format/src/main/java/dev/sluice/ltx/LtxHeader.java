package dev.sluice.ltx;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The first 100 bytes of an LTX file: which transactions it holds and what database they give.
 *
 * @param flags 0 or {@link #NO_CHECKSUM}
 * @param pageSize bytes a page, a power of two from 512 to 65,536
 * @param commit size of the database in pages after the last transaction; 0 when it was deleted
 * @param minTxid the first transaction, unsigned, at least 1
 * @param maxTxid the last transaction, unsigned
 * @param timestampMillis when the last transaction was committed, milliseconds since the epoch
 * @param preApplyChecksum the database checksum before the first transaction; 0 on a snapshot and
 *     with {@link #NO_CHECKSUM}
 * @param walOffset where in the WAL the transaction was, in bytes; 0 when not from a WAL
 * @param walSize length in the WAL, in bytes
 * @param walSalt1 first salt of that WAL
 * @param walSalt2 second salt of that WAL
 * @param nodeId the node that made the file; 0 when unknown
 */
public record LtxHeader(
    int flags,
    int pageSize,
    int commit,
    long minTxid,
    long maxTxid,
    long timestampMillis,
    long preApplyChecksum,
    long walOffset,
    long walSize,
    int walSalt1,
    int walSalt2,
    long nodeId) {
  /** Size in bytes. */
  public static final int SIZE = 100;

  /** The flag of files whose pre-apply and post-apply checksums are 0. */
  public static final int NO_CHECKSUM = 1 << 1;

  /** {@code LTX1}, in all versions. */
  static final int MAGIC = 0x4C545831;

  private static final int RESERVED_OFFSET = 80;

  /** The flag of version 1 for "all pages in one LZ4 stream". */
  private static final int V1_COMPRESSED = 1;

  static final String V1_MESSAGE =
      "format version 1, as LiteFS 0.5 writes it, is not supported; export the database instead";

  /**
   * @throws IllegalArgumentException naming the field that breaks a rule of the format
   */
  public LtxHeader {
    if (flags == V1_COMPRESSED) {
      throw invalid(4, V1_MESSAGE);
    }
    if ((flags & ~NO_CHECKSUM) != 0) {
      throw invalid(4, "flags are 0x%08x, only bit 1 (NoChecksum) exists", flags);
    }
    if (Integer.bitCount(pageSize) != 1 || pageSize < 512 || pageSize > 65536) {
      throw invalid(
          8, "page size is %,d, not a power of two from 512 to 65,536", pageSize & 0xffffffffL);
    }
    if (commit < 0) {
      throw invalid(
          12,
          "database size is %,d pages, the limit is 2,147,483,647 (8 TiB of 4 KiB pages)",
          commit & 0xffffffffL);
    }
    if (minTxid == 0) {
      throw invalid(16, "minimum TXID is 0, the first TXID is 1");
    }
    if (Long.compareUnsigned(minTxid, maxTxid) > 0) {
      throw invalid(24, "maximum TXID %016x is before the minimum %016x", maxTxid, minTxid);
    }
    checkPreApply(flags, minTxid, preApplyChecksum);
    checkWal(walOffset, walSize, walSalt1, walSalt2);
  }

  private static void checkPreApply(int flags, long minTxid, long checksum) {
    if (minTxid == 1) {
      if (checksum != 0) {
        throw invalid(40, "pre-apply checksum of a snapshot is %016x, not 0", checksum);
      }
    } else if ((flags & NO_CHECKSUM) != 0) {
      if (checksum != 0) {
        throw invalid(40, "pre-apply checksum is %016x in a file without checksums", checksum);
      }
    } else if (checksum >= 0) {
      throw invalid(40, "pre-apply checksum %016x lacks bit 63", checksum);
    }
  }

  private static void checkWal(long offset, long size, int salt1, int salt2) {
    if (offset < 0) {
      throw invalid(48, "WAL offset is %,d", offset);
    }
    if (size < 0) {
      throw invalid(56, "WAL size is %,d", size);
    }
    if (offset == 0 && size != 0) {
      throw invalid(56, "WAL size is %,d without a WAL offset", size);
    }
    if (offset == 0 && (salt1 | salt2) != 0) {
      throw invalid(64, "WAL salts are %08x %08x without a WAL offset", salt1, salt2);
    }
  }

  private static InvalidHeaderException invalid(int offset, String format, Object... arguments) {
    return new InvalidHeaderException(offset, String.format(Locale.ROOT, format, arguments));
  }

  /** The header of a snapshot: the whole database after {@code maxTxid}. */
  public static LtxHeader snapshot(int pageSize, int commit, long maxTxid, long timestampMillis) {
    return new LtxHeader(0, pageSize, commit, 1, maxTxid, timestampMillis, 0, 0, 0, 0, 0, 0);
  }

  /**
   * The header of the pages changed by {@code minTxid} to {@code maxTxid}, not from a WAL.
   *
   * @param preApplyChecksum the database checksum before {@code minTxid}; 0 when that is 1
   */
  public static LtxHeader transactions(
      int pageSize,
      int commit,
      long minTxid,
      long maxTxid,
      long timestampMillis,
      long preApplyChecksum) {
    return transactions(
        pageSize, commit, minTxid, maxTxid, timestampMillis, preApplyChecksum, WalRange.NONE);
  }

  /** As {@link #transactions}, committed in a WAL at {@code wal}. */
  public static LtxHeader transactions(
      int pageSize,
      int commit,
      long minTxid,
      long maxTxid,
      long timestampMillis,
      long preApplyChecksum,
      WalRange wal) {
    return new LtxHeader(
        0,
        pageSize,
        commit,
        minTxid,
        maxTxid,
        timestampMillis,
        preApplyChecksum,
        wal.offset(),
        wal.sizeBytes(),
        wal.salt1(),
        wal.salt2(),
        0);
  }

  /** This header with the NoChecksum flag and no pre-apply checksum. */
  public LtxHeader withoutChecksum() {
    return new LtxHeader(
        NO_CHECKSUM,
        pageSize,
        commit,
        minTxid,
        maxTxid,
        timestampMillis,
        0,
        walOffset,
        walSize,
        walSalt1,
        walSalt2,
        nodeId);
  }

  /**
   * Reads the header at the position of {@code source} and moves past it; any byte order.
   *
   * @throws IllegalArgumentException naming what is wrong
   * @throws java.nio.BufferUnderflowException when fewer than {@link #SIZE} bytes remain
   */
  public static LtxHeader parse(ByteBuffer source) {
    if (source.remaining() < SIZE) {
      throw new BufferUnderflowException();
    }
    ByteBuffer bytes = source.slice(source.position(), SIZE).order(ByteOrder.BIG_ENDIAN);
    if (bytes.getInt(0) != MAGIC) {
      throw invalid(0, "not an LTX file, it begins with %08x instead of LTX1", bytes.getInt(0));
    }
    LtxHeader header =
        new LtxHeader(
            bytes.getInt(4),
            bytes.getInt(8),
            bytes.getInt(12),
            bytes.getLong(16),
            bytes.getLong(24),
            bytes.getLong(32),
            bytes.getLong(40),
            bytes.getLong(48),
            bytes.getLong(56),
            bytes.getInt(64),
            bytes.getInt(68),
            bytes.getLong(72));
    for (int i = RESERVED_OFFSET; i < SIZE; i++) {
      if (bytes.get(i) != 0) {
        throw invalid(i, "reserved byte is %02x, not 0", bytes.get(i));
      }
    }
    source.position(source.position() + SIZE);
    return header;
  }

  /** Writes the header at the position of {@code target} and moves past it. */
  public void writeTo(ByteBuffer target) {
    ByteOrder order = target.order();
    target
        .order(ByteOrder.BIG_ENDIAN)
        .putInt(MAGIC)
        .putInt(flags)
        .putInt(pageSize)
        .putInt(commit)
        .putLong(minTxid)
        .putLong(maxTxid)
        .putLong(timestampMillis)
        .putLong(preApplyChecksum)
        .putLong(walOffset)
        .putLong(walSize)
        .putInt(walSalt1)
        .putInt(walSalt2)
        .putLong(nodeId)
        .putLong(0)
        .putLong(0)
        .putInt(0)
        .order(order);
  }

  /** True when the last transaction ended at {@code end} of the WAL with these salts. */
  public boolean endsInWal(int salt1, int salt2, long end) {
    return walOffset > 0 && walSalt1 == salt1 && walSalt2 == salt2 && walOffset + walSize == end;
  }

  /** True when the file holds the whole database: its first transaction is the first ever. */
  public boolean isSnapshot() {
    return minTxid == 1;
  }

  /** True when the file has a post-apply checksum and, unless a snapshot, a pre-apply one. */
  public boolean hasChecksums() {
    return (flags & NO_CHECKSUM) == 0;
  }

  /** The name a file with this header goes by. */
  public LtxFileName fileName() {
    return new LtxFileName(minTxid, maxTxid);
  }

  /** How many pages a file that holds the whole database has: all but the lock page. */
  int wholePageCount() {
    return commit < Checksums.lockPage(pageSize) ? commit : commit - 1;
  }

  /**
   * Why {@code checksum} cannot be the post-apply checksum of a file with this header, or null when
   * it can.
   */
  @Nullable String postApplyProblem(long checksum) {
    @Nullable String rule;
    if (!hasChecksums()) {
      rule = checksum == 0 ? null : " in a file without checksums";
    } else if (checksum >= 0) {
      rule = " lacks bit 63";
    } else {
      rule =
          commit == 0 && checksum != Checksums.EMPTY ? " is not that of an empty database" : null;
    }
    return rule == null ? null : "post-apply checksum " + Txid.format(checksum) + rule;
  }
}
