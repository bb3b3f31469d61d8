package dev.sluice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PrefixedStoreTest extends ObjectStoreContract {
  private final InMemoryStore outer = new InMemoryStore();

  @Override
  protected ObjectStore open() throws IOException {
    for (String neighbour : new String[] {"backup/db", "backup/db0", "backup/d", "a"}) {
      outer.put(neighbour, ByteSource.of(new byte[1]), Map.of(), PutCondition.NONE);
    }
    return new PrefixedStore(outer, "backup/db");
  }

  @Test
  void keysAreBelowThePrefix() throws IOException {
    put("a", "x");

    assertThat(outer.head("backup/db/a")).isPresent();
    assertThat(store).hasToString("memory/backup/db");
    assertThatThrownBy(() -> new PrefixedStore(outer, "backup/"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
