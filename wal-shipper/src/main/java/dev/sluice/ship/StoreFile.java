package dev.sluice.ship;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.Position;
import dev.sluice.restore.StoredFile;
import org.jspecify.annotations.Nullable;

/**
 * An LTX file of which the shipper knows that it is in the store. TXIDs are unsigned.
 *
 * @param timeMillis when its last transaction was committed, since the epoch; of a file that was
 *     found by listing perhaps later
 * @param checksum of the database after it; 0 when that is not known
 */
record StoreFile(
    int level, long minTxid, long maxTxid, long sizeBytes, long timeMillis, long checksum) {
  static StoreFile of(StoredFile listed) {
    return new StoreFile(
        listed.level(),
        listed.minTxid(),
        listed.maxTxid(),
        listed.sizeBytes(),
        listed.lastModified().toEpochMilli(),
        0);
  }

  LtxFileName name() {
    return new LtxFileName(minTxid, maxTxid);
  }

  /** Where the database stands after it; null when only the TXID is known. */
  @Nullable Position position() {
    return checksum == 0 ? null : new Position(maxTxid, checksum);
  }

  StoreFile withChecksum(long known) {
    return new StoreFile(level, minTxid, maxTxid, sizeBytes, timeMillis, known);
  }

  /** True when this file leads on from a database that stands after {@code txid}. */
  boolean joins(long txid) {
    return Long.compareUnsigned(minTxid - 1, txid) <= 0 && Long.compareUnsigned(maxTxid, txid) > 0;
  }

  boolean endsAfter(long txid) {
    return Long.compareUnsigned(maxTxid, txid) > 0;
  }

  boolean covers(StoreFile other) {
    return Long.compareUnsigned(minTxid, other.minTxid) <= 0
        && Long.compareUnsigned(maxTxid, other.maxTxid) >= 0;
  }
}
