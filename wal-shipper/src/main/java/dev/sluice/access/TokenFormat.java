package dev.sluice.access;

import java.util.regex.Pattern;

/** What a token may look like: what RFC 6750 lets stand in a header, and not short. */
final class TokenFormat {
  static final int MIN_LENGTH = 16;

  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

  private TokenFormat() {}

  /** What is wrong with a token, in words that do not hold it; empty when nothing is. */
  static String fault(String token) {
    if (token.length() < MIN_LENGTH) {
      return "a token has " + MIN_LENGTH + " characters at least";
    }
    return FORM.matcher(token).matches()
        ? ""
        : "a token has letters, digits and ._~+/-= only, and no spaces";
  }
}
