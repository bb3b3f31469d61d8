package dev.sluice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class BandwidthLimitedStoreTest extends ObjectStoreContract {
  private final AtomicLong nanoTime = new AtomicLong();
  private final RateLimit up = limit(1_000_000);
  private final RateLimit down = limit(4_000_000);

  private RateLimit limit(long bytesPerSecond) {
    return new RateLimit(bytesPerSecond, nanoTime::get, time -> nanoTime.addAndGet(time.toNanos()));
  }

  @Override
  protected ObjectStore open() {
    return BandwidthLimitedStore.around(new InMemoryStore(), up, down);
  }

  private double seconds() {
    return nanoTime.get() / 1e9;
  }

  @Test
  void contentTakesTheTimeOfItsRateButForTheFirstQuarterSecond() throws IOException {
    store.put("a", ByteSource.of(new byte[3_000_000]), Map.of(), PutCondition.NONE);
    assertThat(seconds()).isBetween(2.7, 2.8);
    store.put("b", ByteSource.of(new byte[1_000_000]), Map.of(), PutCondition.NONE);
    assertThat(seconds()).isBetween(3.7, 3.8);

    nanoTime.set(0);
    try (InputStream in = store.get("a", ByteRange.ALL)) {
      assertThat(in.readAllBytes()).hasSize(3_000_000);
    }
    assertThat(seconds()).isBetween(0.4, 0.8);
  }

  @Test
  void idleTimeIsNotSaved() throws IOException {
    nanoTime.set(3_600_000_000_000L);
    store.put("a", ByteSource.of(new byte[1_250_000]), Map.of(), PutCondition.NONE);
    assertThat(seconds() - 3600).isBetween(0.99, 1.01);
  }

  @Test
  void singleBytesAndNoLimit() throws IOException {
    store = BandwidthLimitedStore.around(new InMemoryStore(), RateLimit.NONE, limit(1));
    store.put("a", ByteSource.of(new byte[3_000_000]), Map.of(), PutCondition.NONE);
    assertThat(seconds()).isZero();
    try (InputStream in = store.get("a", ByteRange.ALL)) {
      assertThat(in.read()).isZero();
      assertThat(in.read()).isZero();
      assertThat(in.read(new byte[10])).isEqualTo(1);
    }
    assertThat(seconds()).isBetween(2.7, 2.8);
  }

  @Test
  void anInterruptEndsTheWait() throws IOException {
    RateLimit interrupted =
        new RateLimit(
            1,
            () -> 0,
            time -> {
              throw new InterruptedException();
            });
    store = BandwidthLimitedStore.around(new InMemoryStore(), interrupted, RateLimit.NONE);
    assertThatThrownBy(
            () -> store.put("a", ByteSource.of(new byte[9]), Map.of(), PutCondition.NONE))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(() -> new RateLimit(0)).hasMessage("a rate of 0 bytes/s");
  }
}
