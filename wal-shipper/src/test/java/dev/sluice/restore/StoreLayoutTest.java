package dev.sluice.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreLayoutTest {
  private static final String RANGE = "000000000000000a-000000000000000c.ltx";

  private static Optional<StoredFile> parse(StoreLayout layout, String key) {
    return layout.parse(new ObjectInfo(key, 42, Instant.EPOCH, new Etag("e"), Map.of()));
  }

  @ParameterizedTest
  @CsvSource({
    "file, shop/app.db, 0, shop/app.db/ltx/0/",
    "file, '',          9, ltx/9/",
    "gs,   app.db,      2, app.db/ltx/2/",
    "s3,   shop/app.db, 0, shop/app.db/0000/",
    "oss,  '',          9, 0009/",
  })
  void keysAreThoseOfLitestream(String scheme, String path, int level, String prefix) {
    StoreLayout layout = StoreLayout.of(scheme, path);
    String key = layout.key(level, new LtxFileName(10, 12));

    assertThat(key).isEqualTo(prefix + RANGE);
    assertThat(key).startsWith(layout.prefix());
    assertThat(parse(layout, key)).contains(new StoredFile(key, level, 10, 12, 42, Instant.EPOCH));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "app.db/ltx/0/x.ltx",
        "app.db/ltx/10/" + RANGE,
        "app.db/ltx/00/" + RANGE,
        "app.db/ltx/0/sub/" + RANGE,
        "app.db/ltx/" + RANGE,
        "app.db2/ltx/0/" + RANGE,
        "app.db/ltx/0/" + RANGE + ".tmp",
        RANGE
      })
  void otherKeysAreNoFiles(String key) {
    assertThat(parse(StoreLayout.of("file", "app.db"), key)).isEmpty();
  }

  @Test
  void thereAreTenLevels() {
    assertThatThrownBy(() -> StoreLayout.of("file", "a").levelPrefix(10))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
