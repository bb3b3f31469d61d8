package dev.sluice.store;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Map;

/**
 * What keys and metadata may look like, the same for every store, so that what one accepts another
 * does too.
 *
 * <p>A key has segments separated by single slashes. A segment is not empty, {@code .} or {@code
 * ..}, has no control character, and does not begin with {@value #RESERVED}, which stores use for
 * files of their own. A key has at most {@value #MAX_BYTES} bytes in UTF-8, a segment at most 255.
 */
public final class Keys {
  /** Segments that begin with this belong to the store. */
  public static final String RESERVED = ".sluice-";

  /** Longest key, in bytes of UTF-8; the limit of S3. */
  public static final int MAX_BYTES = 1024;

  /** By code point, which is the order of the bytes in UTF-8; stores list in it. */
  public static final Comparator<String> ORDER = Keys::compare;

  private static final int MAX_SEGMENT_BYTES = 255;
  private static final int MAX_METADATA_BYTES = 2048;

  private Keys() {}

  /**
   * Returns the key.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static String check(String key) {
    if (key.isEmpty()) {
      throw bad(key, "is empty");
    }
    if (key.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      throw bad(key, "is longer than " + MAX_BYTES + " bytes");
    }
    int start = 0;
    while (start <= key.length()) {
      int slash = key.indexOf('/', start);
      int end = slash < 0 ? key.length() : slash;
      checkSegment(key, key.substring(start, end));
      start = end + 1;
    }
    return key;
  }

  private static void checkSegment(String key, String segment) {
    if (segment.isEmpty()) {
      throw bad(key, "has an empty segment");
    }
    if (segment.equals(".") || segment.equals("..")) {
      throw bad(key, "has the segment '" + segment + "'");
    }
    if (segment.startsWith(RESERVED)) {
      throw bad(key, "has a segment that begins with the reserved '" + RESERVED + "'");
    }
    if (segment.getBytes(StandardCharsets.UTF_8).length > MAX_SEGMENT_BYTES) {
      throw bad(key, "has a segment longer than " + MAX_SEGMENT_BYTES + " bytes");
    }
    if (segment.chars().anyMatch(Character::isISOControl)) {
      throw bad(key, "has a control character");
    }
  }

  private static IllegalArgumentException bad(String key, String what) {
    return new IllegalArgumentException("object key '" + key + "' " + what);
  }

  /**
   * Checks metadata against what {@link ObjectStore#put} promises to keep.
   *
   * @throws IllegalArgumentException naming what is not kept
   */
  public static void checkMetadata(Map<String, String> metadata) {
    int bytes = 0;
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      String name = entry.getKey();
      String value = entry.getValue();
      if (name.isEmpty()
          || !name.chars()
              .allMatch(c -> c == '-' || isBetween(c, '0', '9') || isBetween(c, 'a', 'z'))) {
        throw new IllegalArgumentException(
            "metadata name '" + name + "' is not of lower-case letters, digits and '-'");
      }
      if (!value.chars().allMatch(c -> isBetween(c, ' ', '~')) || !value.strip().equals(value)) {
        throw new IllegalArgumentException(
            "metadata " + name + ": '" + value + "' is not printable ASCII without outer blanks");
      }
      bytes += name.length() + value.length();
    }
    if (bytes > MAX_METADATA_BYTES) {
      throw new IllegalArgumentException(
          "metadata has " + bytes + " bytes, at most " + MAX_METADATA_BYTES + " are kept");
    }
  }

  private static boolean isBetween(int c, char low, char high) {
    return c >= low && c <= high;
  }

  private static int compare(String a, String b) {
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // UTF-16 sorts surrogates below U+E000…U+FFFF; UTF-8 sorts them above.
        boolean mixed = Character.isSurrogate(x) != Character.isSurrogate(y);
        return mixed
            ? Boolean.compare(Character.isSurrogate(x), Character.isSurrogate(y))
            : Character.compare(x, y);
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
