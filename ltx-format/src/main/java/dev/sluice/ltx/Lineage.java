package dev.sluice.ltx;

import java.util.List;

/** Whether files are of one history and follow each other. Stateless. */
final class Lineage {
  private Lineage() {}

  /** Throws unless each file begins right where the one before ends. */
  static void checkContiguous(List<LtxFile> files) {
    for (int i = 1; i < files.size(); i++) {
      LtxFile before = files.get(i - 1);
      LtxFile next = files.get(i);
      long expected = before.header().maxTxid() + 1;
      if (next.header().minTxid() != expected) {
        throw notFollowing(
            before,
            next,
            "it begins at TXID "
                + Txid.format(next.header().minTxid())
                + ", not "
                + Txid.format(expected));
      }
      checkChecksums(before, next);
    }
  }

  /**
   * Throws unless each file begins at the latest where the one before ends, and reaches further.
   */
  static void checkReach(List<LtxFile> files) {
    for (int i = 1; i < files.size(); i++) {
      LtxFile before = files.get(i - 1);
      LtxFile next = files.get(i);
      long end = before.header().maxTxid();
      if (Long.compareUnsigned(next.header().minTxid(), end + 1) > 0) {
        throw notFollowing(before, next, "TXID " + Txid.format(end + 1) + " is missing");
      }
      if (Long.compareUnsigned(next.header().maxTxid(), end) <= 0) {
        throw new IllegalArgumentException(
            next.name() + " reaches no further than " + before.name());
      }
      if (next.header().minTxid() == end + 1) {
        checkChecksums(before, next);
      }
    }
  }

  private static void checkChecksums(LtxFile before, LtxFile next) {
    if (before.header().hasChecksums()
        && next.header().hasChecksums()
        && before.trailer().postApplyChecksum() != next.header().preApplyChecksum()) {
      throw notFollowing(
          before,
          next,
          "it begins at checksum "
              + Txid.format(next.header().preApplyChecksum())
              + ", not "
              + Txid.format(before.trailer().postApplyChecksum()));
    }
  }

  private static IllegalArgumentException notFollowing(LtxFile before, LtxFile next, String why) {
    return new IllegalArgumentException(
        next.name() + " does not follow " + before.name() + ": " + why);
  }
}
