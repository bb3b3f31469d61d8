package dev.sluice.store.opendal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.ObjectStoreContract;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Through OpenDAL's service for directories. */
@Timeout(60)
final class OpenDalFsTest extends ObjectStoreContract {
  @Override
  protected ObjectStore open() throws IOException {
    return OpenDalStore.open(
        "fs", Map.of("root", directory.resolve("fs").toString()), "fs:" + directory);
  }

  @Test
  void largeContentGoesInPieces() throws IOException {
    byte[] large = new byte[20_000_003];
    new Random(6).nextBytes(large);
    store.put("large", ByteSource.of(large), Map.of("m", "v"), PutCondition.IF_ABSENT);
    try (InputStream in = store.get("large", ByteRange.ALL)) {
      assertThat(in.readAllBytes()).isEqualTo(large);
    }
    assertThat(list("", "")).containsExactly("large");
  }
}
