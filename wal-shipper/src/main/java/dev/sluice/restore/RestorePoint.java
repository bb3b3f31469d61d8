package dev.sluice.restore;

import dev.sluice.ltx.Txid;
import java.time.Instant;

/**
 * A state a store can restore.
 *
 * @param txid its last transaction, unsigned
 * @param time of that transaction, as far as the listing knows
 */
public record RestorePoint(long txid, Instant time) {
  @Override
  public String toString() {
    return Txid.format(txid) + " (" + time + ")";
  }
}
