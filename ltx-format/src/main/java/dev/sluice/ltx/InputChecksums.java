package dev.sluice.ltx;

/**
 * The file checksums of those inputs of a merge of which every page is decompressed; of others they
 * cannot be verified. One thread at a time.
 */
final class InputChecksums {
  private final MergePlan plan;
  private final boolean[] complete;
  private final long[] crcs;
  private final long[] lengths;

  InputChecksums(MergePlan plan) {
    this.plan = plan;
    complete = plan.complete();
    crcs = new long[complete.length];
    lengths = new long[complete.length];
  }

  /** Adds {@code length} bytes of an input, its next in order, by their CRC. */
  void add(int source, long crc, long length) {
    if (complete[source]) {
      crcs[source] = Crc64.combine(crcs[source], crc, length);
      lengths[source] += length;
    }
  }

  void verify() throws CorruptLtxException {
    for (int i = 0; i < complete.length; i++) {
      if (complete[i]) {
        plan.input(i).verify(crcs[i], lengths[i]);
      }
    }
  }
}
