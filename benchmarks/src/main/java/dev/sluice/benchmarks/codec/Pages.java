package dev.sluice.benchmarks.codec;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * Pages like those of a table in SQLite: a header, an array of cell pointers, a gap of zeros, and
 * rows of words, numbers and random keys. LZ4 makes them about half as long.
 */
final class Pages {
  static final int SIZE = 4096;

  private static final String[] WORDS =
      ("order customer shipped pending account balance street avenue city country name email"
              + " example com amount created updated deleted status comment invoice product price"
              + " quantity warehouse supplier category description")
          .split(" ");

  private Pages() {}

  /** A database of {@code count} pages, the same for the same seed. */
  static ByteBuffer database(int count, long seed) {
    Random random = new Random(seed);
    ByteBuffer pages = ByteBuffer.allocateDirect(count * SIZE);
    for (int i = 0; i < count; i++) {
      fill(pages.slice(i * SIZE, SIZE), random);
    }
    return pages;
  }

  private static void fill(ByteBuffer page, Random random) {
    int at = SIZE;
    int cells = 0;
    int free = random.nextInt(SIZE / 4);
    while (at > 8 + 2 * cells + free + 100) {
      byte[] row = row(random);
      at -= row.length;
      page.put(at, row);
      page.putShort(8 + 2 * cells++, (short) at);
    }
    page.put(0, (byte) 13).putShort(3, (short) cells).putShort(5, (short) at);
  }

  private static byte[] row(Random random) {
    StringBuilder row = new StringBuilder().append(random.nextInt(1_000_000));
    int words = 3 + random.nextInt(6);
    for (int i = 0; i < words; i++) {
      row.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
    }
    byte[] key = new byte[12];
    random.nextBytes(key);
    return row.append(new String(key, StandardCharsets.ISO_8859_1))
        .toString()
        .getBytes(StandardCharsets.ISO_8859_1);
  }
}
