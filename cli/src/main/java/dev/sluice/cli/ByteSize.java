package dev.sluice.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes as people write it: {@code 500MiB}, {@code 4GiB}, {@code 2GB}. */
record ByteSize(long bytes) {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,12})\\s*([kmgt])(i?)b");

  /**
   * @throws IllegalArgumentException naming the text and how to write it
   */
  static ByteSize parse(String text) {
    Matcher parts = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size: write a number and a unit, such as 500MiB or 4GiB");
    }
    long unit = parts.group(3).isEmpty() ? 1000 : 1024;
    long bytes = Long.parseLong(parts.group(1));
    for (int i = "kmgt".indexOf(parts.group(2)); i >= 0; i--) {
      bytes = Math.multiplyExact(bytes, unit);
    }
    return new ByteSize(bytes);
  }
}
