package dev.sluice.restore;

import java.time.Instant;
import java.util.Comparator;

/**
 * An LTX file in a store, as a listing shows it. TXIDs are unsigned.
 *
 * @param level 0 as captured, 1 to 8 compacted, 9 snapshot
 * @param lastModified of the object; the time of its content may be earlier
 */
public record StoredFile(
    String key, int level, long minTxid, long maxTxid, long sizeBytes, Instant lastModified) {
  /** By the last transaction. */
  static final Comparator<StoredFile> BY_MAX =
      (a, b) -> Long.compareUnsigned(a.maxTxid(), b.maxTxid());

  /** Whether the file holds the whole database, by its name. */
  public boolean isSnapshot() {
    return minTxid == 1;
  }

  /** Whether the file takes a database further that stands after {@code txid}. */
  boolean extendsFrom(long txid) {
    return Long.compareUnsigned(minTxid - 1, txid) <= 0 && Long.compareUnsigned(maxTxid, txid) > 0;
  }
}
