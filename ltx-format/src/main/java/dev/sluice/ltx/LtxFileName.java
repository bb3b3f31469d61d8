package dev.sluice.ltx;

import java.util.Optional;

/**
 * The name of an LTX file, {@code <min>-<max>.ltx}: the range of transactions it holds, both ends
 * included, as 16 lower-case hexadecimal digits each.
 *
 * @param minTxid the first transaction, unsigned, at least 1
 * @param maxTxid the last transaction, unsigned, not before {@code minTxid}
 */
public record LtxFileName(long minTxid, long maxTxid) {
  private static final String SUFFIX = ".ltx";
  private static final int LENGTH = 16 + 1 + 16 + SUFFIX.length();

  /**
   * @throws IllegalArgumentException when the range is empty or starts at 0
   */
  public LtxFileName {
    if (minTxid == 0) {
      throw new IllegalArgumentException("minimum TXID is 0, the first TXID is 1");
    }
    if (Long.compareUnsigned(minTxid, maxTxid) > 0) {
      throw new IllegalArgumentException(
          "minimum TXID " + Txid.format(minTxid) + " is after the maximum " + Txid.format(maxTxid));
    }
  }

  /**
   * Parses the name of an LTX file.
   *
   * @throws IllegalArgumentException when {@code name} is not one
   */
  public static LtxFileName parse(String name) {
    return tryParse(name)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "\""
                        + name
                        + "\" is not an LTX file name, <16 hex digits>-<16 hex digits>.ltx"));
  }

  /** The range in {@code name}, or empty when it is not the name of an LTX file. */
  public static Optional<LtxFileName> tryParse(String name) {
    if (name.length() != LENGTH || name.charAt(16) != '-' || !name.endsWith(SUFFIX)) {
      return Optional.empty();
    }
    for (int i = 0; i < LENGTH - SUFFIX.length(); i++) {
      if (i != 16 && "0123456789abcdef".indexOf(name.charAt(i)) < 0) {
        return Optional.empty();
      }
    }
    long min = Long.parseUnsignedLong(name, 0, 16, 16);
    long max = Long.parseUnsignedLong(name, 17, 33, 16);
    if (min == 0 || Long.compareUnsigned(min, max) > 0) {
      return Optional.empty();
    }
    return Optional.of(new LtxFileName(min, max));
  }

  /** The file name. */
  public String format() {
    return Txid.format(minTxid) + '-' + Txid.format(maxTxid) + SUFFIX;
  }

  /** The file name, as {@link #format}. */
  @Override
  public String toString() {
    return format();
  }
}
