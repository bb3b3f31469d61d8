package dev.sluice.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class MeteredStoreTest extends ObjectStoreContract {
  private final StoreStats stats = new StoreStats();
  private final FaultyStore faulty = new FaultyStore(new InMemoryStore());
  private final AtomicLong nanoTime = new AtomicLong();

  @Override
  protected ObjectStore open() {
    return new MeteredStore(faulty, stats, () -> nanoTime.getAndAdd(5));
  }

  @Test
  void countsRequestsBytesAndTime() throws IOException {
    put("a", "hello");
    assertThat(stats.bytesOut()).isEqualTo(5);
    read("a");
    store.readFully("a", 1, ByteBuffer.allocate(3));
    try (InputStream in = store.get("a", ByteRange.ALL)) {
      assertThat(in.read()).isEqualTo('h');
      assertThat(stats.requests(Operation.GET)).isEqualTo(2);
    }
    list("", "");
    store.head("a");
    store.delete(List.of("a"));

    assertThat(stats.bytesIn()).isEqualTo(5 + 3 + 1);
    assertThat(stats.requests(Operation.GET)).isEqualTo(3);
    assertThat(stats.requests(Operation.PUT)).isEqualTo(1);
    assertThat(stats.requests(Operation.LIST)).isEqualTo(1);
    assertThat(stats.requests(Operation.HEAD)).isEqualTo(1);
    assertThat(stats.requests(Operation.DELETE)).isEqualTo(1);
    assertThat(stats.requests()).isEqualTo(7);
    assertThat(stats.nanos()).isEqualTo(7 * 5);
    assertThat(stats.errors()).isZero();
  }

  @Test
  void countsEachErrorOnce() throws IOException {
    put("a", "hello");
    faulty.failNext(FaultyStore.Fault.CUT, Operation.GET);
    assertThatThrownBy(() -> read("a")).isInstanceOf(StoreUnavailableException.class);
    assertThatThrownBy(() -> read("none")).isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(
            () ->
                store.put(
                    "a", ByteSource.of("x".getBytes(UTF_8)), Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);

    assertThat(stats.errors()).isEqualTo(3);
    assertThat(stats.requests()).isEqualTo(4);
    assertThat(stats.bytesOut()).isEqualTo(5);
  }
}
