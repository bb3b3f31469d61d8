package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StoreContentsTest {
  @Test
  void theSizeIsThatOfAllFiles() {
    Random random = new Random(5);
    StoreContents contents = new StoreContents(List.of(file(0, 1, 10), file(9, 1, 100)));
    assertThat(contents.sizeBytes()).isEqualTo(110);
    for (int i = 0; i < 500; i++) {
      StoreFile file = file(random.nextInt(10), 1 + random.nextInt(5), random.nextInt(1_000));
      // Of a name that may be there, with another size.
      if (random.nextBoolean()) {
        contents.add(file);
      } else {
        contents.remove(List.of(file));
        contents.remove(contents.level(file.level()).stream().limit(1).toList());
      }
      assertThat(contents.sizeBytes())
          .isEqualTo(contents.all().stream().mapToLong(StoreFile::sizeBytes).sum());
    }
  }

  private static StoreFile file(int level, long txid, long sizeBytes) {
    return new StoreFile(level, txid, txid, sizeBytes, 0, 0);
  }
}
