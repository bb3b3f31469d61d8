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
import java.time.Duration;
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
    StoreUrl url = StoreUrl.parse("s3://" + bucket() + "?endpoint=" + endpoint());
    S3Options pagesOfFour = S3Options.of(url).with(Duration.ofSeconds(30), 4);
    List<String> keys = IntStream.range(0, 10).mapToObj(i -> "pages/k" + i).toList();
    try (ObjectStore whole = S3Store.open(pagesOfFour, stats)) {
      for (String key : keys) {
        whole.put(key, ByteSource.of(new byte[0]), Map.of(), PutCondition.NONE);
      }
      assertThat(keysOf(whole.list("pages/", ""))).isEqualTo(keys);
      assertThat(stats.requests(Operation.LIST)).isEqualTo(3);
      assertThat(keysOf(whole.list("pages/", "pages/k4"))).isEqualTo(keys.subList(5, 10));
      try (Stream<ObjectInfo> first = whole.list("pages/k", "")) {
        assertThat(first.findFirst().orElseThrow().key()).isEqualTo("pages/k0");
      }

      whole.delete(keys);
      assertThat(keysOf(whole.list("pages/", ""))).isEmpty();
    }
  }

  private static List<String> keysOf(Stream<ObjectInfo> objects) {
    try (objects) {
      return objects.map(ObjectInfo::key).toList();
    }
  }
}
