package dev.sluice.ltx;

/**
 * Where a database stands: the last transaction applied, and the checksum of the whole database
 * after it. The checksum makes it safe across lineages: the same TXID with another checksum is
 * another history. That is also why positions have no order.
 *
 * @param txid the last transaction applied, unsigned; 0 before the first
 * @param checksum the database checksum after it, see {@link Checksums}; 0 where it is not known
 */
public record Position(long txid, long checksum) {
  /** Before the first transaction. */
  public static final Position NONE = new Position(0, 0);

  private static final int LENGTH = 16 + 1 + 16;

  /**
   * Parses {@code 0000000000000012/c3a5…}: 16 hexadecimal digits, a slash, 16 hexadecimal digits.
   *
   * @throws IllegalArgumentException naming the text and its first bad column, counted from 1
   */
  public static Position parse(String text) {
    int end = Math.min(text.length(), LENGTH);
    long txid = Txid.parseDigits("position", text, 0, Math.min(end, 16));
    if (end > 16 && text.charAt(16) != '/') {
      throw bad(text, 17, "expected '/'");
    }
    long checksum = end > 17 ? Txid.parseDigits("position", text, 17, end) : 0;
    if (text.length() < LENGTH) {
      throw bad(text, text.length() + 1, "ends early, expected 16 digits, '/', 16 digits");
    }
    if (text.length() > LENGTH) {
      throw bad(text, LENGTH + 1, "expected the end");
    }
    return new Position(txid, checksum);
  }

  private static IllegalArgumentException bad(String text, int column, String why) {
    return new IllegalArgumentException("position \"" + text + "\": column " + column + ": " + why);
  }

  /** The form {@link #parse} takes. */
  @Override
  public String toString() {
    return Txid.format(txid) + '/' + Txid.format(checksum);
  }
}
