package dev.sluice.cli;

import dev.sluice.store.RateLimit;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as people write it: {@code 500MiB}, {@code 4GiB}, {@code 2GB}. */
record ByteSize(long bytes) {
  static final ByteSize ZERO = new ByteSize(0);

  private static final String UNITS = "kmgt";
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
    for (int i = UNITS.indexOf(parts.group(2)); i >= 0; i--) {
      if (bytes > Long.MAX_VALUE / unit) {
        throw new IllegalArgumentException("'" + text + "' is more than any disk has");
      }
      bytes *= unit;
    }
    return new ByteSize(bytes);
  }

  /** So many bytes a second; zero for any number. */
  RateLimit rateLimit() {
    return bytes == 0 ? RateLimit.NONE : new RateLimit(bytes);
  }

  /** In the largest unit that it is a whole number of; {@link #parse} gives the same again. */
  @Override
  public String toString() {
    String decimal = text(1000, "kB", "MB", "GB", "TB");
    String binary = text(1024, "KiB", "MiB", "GiB", "TiB");
    return binary.isEmpty() || (!decimal.isEmpty() && decimal.length() <= binary.length())
        ? decimal
        : binary;
  }

  private String text(long base, String... units) {
    if (bytes == 0) {
      return "0" + units[0];
    }
    long amount = bytes;
    String text = "";
    for (int i = 0; i < units.length && amount % base == 0; i++) {
      amount /= base;
      text = amount + units[i];
    }
    return text;
  }

  /** From the command line. */
  static final class Converter implements ITypeConverter<ByteSize> {
    @Override
    public ByteSize convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
