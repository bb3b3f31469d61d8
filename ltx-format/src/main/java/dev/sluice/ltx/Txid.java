package dev.sluice.ltx;

/**
 * Transaction numbers as text. A TXID is an unsigned 64-bit number, from 1; as text it is 16
 * lower-case hexadecimal digits. Stateless.
 */
public final class Txid {
  private static final int DIGITS = 16;

  private Txid() {}

  /** The 16 lower-case hexadecimal digits of {@code txid}. */
  public static String format(long txid) {
    char[] digits = new char[DIGITS];
    for (int i = 0; i < DIGITS; i++) {
      digits[i] = Character.forDigit((int) (txid >>> (60 - 4 * i)) & 0xf, 16);
    }
    return new String(digits);
  }

  /**
   * Parses 1 to 16 hexadecimal digits, in either case.
   *
   * @throws IllegalArgumentException naming the text and its first bad column, counted from 1
   */
  public static long parse(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("TXID \"\": empty, expected 1 to 16 hexadecimal digits");
    }
    return parseDigits("TXID", text, 0, text.length());
  }

  /** Parses the columns {@code from} to {@code to} of {@code text}; {@code what} names the text. */
  static long parseDigits(String what, String text, int from, int to) {
    long value = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw new IllegalArgumentException(
            what + " \"" + text + "\": column " + (i + 1) + ": expected a hexadecimal digit");
      }
      if (i - from >= DIGITS) {
        throw new IllegalArgumentException(
            what + " \"" + text + "\": column " + (i + 1) + ": more than 16 hexadecimal digits");
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
