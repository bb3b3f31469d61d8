package dev.sluice.restore;

import dev.sluice.ltx.Txid;
import java.time.Instant;

/** The moment of a database to restore. */
public sealed interface RestoreTarget {
  /** The last there is. */
  RestoreTarget LATEST = new Latest();

  /** Exactly after a transaction. */
  static RestoreTarget txid(long txid) {
    return new AtTxid(txid);
  }

  /** After the last transaction at or before a time. */
  static RestoreTarget time(Instant time) {
    return new AtTime(time);
  }

  /** See {@link #LATEST}. */
  record Latest() implements RestoreTarget {
    @Override
    public String toString() {
      return "the latest state";
    }
  }

  /** See {@link #txid}. */
  record AtTxid(long txid) implements RestoreTarget {
    @Override
    public String toString() {
      return "TXID " + Txid.format(txid);
    }
  }

  /** See {@link #time}. */
  record AtTime(Instant time) implements RestoreTarget {
    @Override
    public String toString() {
      return RestorePoint.local(time);
    }
  }
}
