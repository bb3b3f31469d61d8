package dev.sluice.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.ObjectStoreContract;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import dev.sluice.store.StoreListener.Operation;
import dev.sluice.store.StoreStats;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every store does, and what an S3 server must do for large objects and long lists. */
abstract class S3Contract extends ObjectStoreContract {
  private static final AtomicInteger PREFIXES = new AtomicInteger();

  protected final StoreStats stats = new StoreStats();

  /** Where the server is, {@code http://host:port}. */
  protected abstract String endpoint();

  /** A bucket that exists. */
  protected abstract String bucket();

  @Override
  protected ObjectStore open() throws IOException {
    return Stores.open(
        StoreUrl.parse(
            "s3://" + bucket() + "/t" + PREFIXES.incrementAndGet() + "?endpoint=" + endpoint()),
        stats);
  }

  @Test
  void aLargeObjectGoesInPartsAndKeepsItsMetadataAndCondition() throws IOException {
    byte[] large = new byte[(int) Multipart.WHOLE_BYTES + 1_000_003];
    new Random(2).nextBytes(large);
    Map<String, String> metadata = Map.of("sluice-position", "12/34");

    store.put("large", ByteSource.of(large), metadata, PutCondition.IF_ABSENT);

    ObjectInfo info = store.head("large").orElseThrow();
    assertThat(info.sizeBytes()).isEqualTo(large.length);
    assertThat(info.metadata()).isEqualTo(metadata);
    try (InputStream in = store.get("large", ByteRange.ALL)) {
      assertThat(in.readAllBytes()).isEqualTo(large);
    }
    ByteBuffer across = ByteBuffer.allocate(100);
    store.readFully("large", (16 << 20) - 50, across);
    assertThat(across.array())
        .isEqualTo(java.util.Arrays.copyOfRange(large, (16 << 20) - 50, (16 << 20) + 50));
    assertThat(stats.requests(Operation.PART)).isEqualTo(1 + 3);
    assertThat(stats.requests(Operation.PUT)).isEqualTo(1);
    assertThat(stats.bytesOut()).isEqualTo(large.length);
    assertThatThrownBy(
            () -> store.put("large", ByteSource.of(large), metadata, PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
    Etag next =
        store.put("large", ByteSource.of(large), Map.of(), PutCondition.ifMatch(info.etag()));
    assertThat(store.head("large").orElseThrow().metadata()).isEmpty();
    assertThat(store.head("large").orElseThrow().etag()).isEqualTo(next);
  }

  @Test
  void aStreamClosedEarlyDoesNoHarm() throws IOException {
    store.put("a", ByteSource.of(new byte[500_000]), Map.of(), PutCondition.NONE);
    for (int i = 0; i < 20; i++) {
      try (InputStream in = store.get("a", ByteRange.ALL)) {
        assertThat(in.read()).isZero();
      }
    }
    assertThat(store.head("a")).isPresent();
    assertThat(stats.bytesIn()).isEqualTo(20);
  }

  @Test
  void listsOfMoreThanAPageAndDeletesOfManyAreComplete() throws IOException {
    List<String> keys = IntStream.range(0, 1_020).mapToObj(i -> String.format("k%04d", i)).toList();
    for (String key : keys) {
      put(key, "");
    }
    assertThat(list("", "")).isEqualTo(keys);
    assertThat(stats.requests(Operation.LIST)).isEqualTo(2);
    assertThat(list("", "k1000")).isEqualTo(keys.subList(1001, 1020));
    try (Stream<ObjectInfo> first = store.list("k", "")) {
      assertThat(first.findFirst().orElseThrow().key()).isEqualTo("k0000");
    }

    store.delete(keys);
    assertThat(list("", "")).isEmpty();
  }
}
