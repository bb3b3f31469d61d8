package dev.sluice.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.Backoff;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ByteSource;
import dev.sluice.store.Etag;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import dev.sluice.store.RetryingStore;
import dev.sluice.store.StoreUnavailableException;
import dev.sluice.store.StoreUrl;
import dev.sluice.store.Stores;
import dev.sluice.store.s3.FaultyProxy.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong between a store and a real S3 server. */
@Timeout(60)
final class S3FaultsTest {
  private static final Duration SILENCE = Duration.ofSeconds(1);
  private static final ByteSource CONTENT = ByteSource.of("content".getBytes(UTF_8));

  private static Versitygw server;
  private FaultyProxy proxy;
  private ObjectStore store;
  private ObjectStore retrying;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    server = Versitygw.start(directory);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void openStore(TestInfo test) throws IOException {
    proxy = new FaultyProxy(server.port());
    String bucket = "bucket-" + Integer.toHexString(test.getDisplayName().hashCode());
    server.createBucket(bucket);
    StoreUrl url = StoreUrl.parse("s3://" + bucket + "?endpoint=" + proxy.endpoint());
    store = S3Store.open(S3Options.of(url).with(SILENCE, 1000), request -> {});
    retrying =
        new RetryingStore(
            store,
            new Backoff(4, Duration.ofMillis(1), Duration.ofMillis(2)),
            time -> {},
            new Random(1));
  }

  @AfterEach
  void closeStore() throws IOException {
    store.close();
    proxy.close();
  }

  private static String read(ObjectStore from, String key) throws IOException {
    try (InputStream in = from.get(key, ByteRange.ALL)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private List<String> list() throws IOException {
    try (Stream<ObjectInfo> objects = retrying.list("", "")) {
      return objects.map(ObjectInfo::key).toList();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TOO_MANY", "SLOW_DOWN", "DROPPED", "HANGS"})
  void everyRequestIsRepeatedAfterwards(Fault fault) throws IOException {
    int times = fault == Fault.HANGS ? 1 : 2;
    proxy.inject(fault, "PUT .*", times);
    Etag etag = retrying.put("a/b", CONTENT, Map.of("m", "v"), PutCondition.IF_ABSENT);
    proxy.inject(fault, "HEAD .*", times);
    assertThat(retrying.head("a/b").orElseThrow().etag()).isEqualTo(etag);
    proxy.inject(fault, "GET .*", times);
    assertThat(read(retrying, "a/b")).isEqualTo("content");
    proxy.inject(fault, "GET .*list-type.*", times);
    assertThat(list()).containsExactly("a/b");
    proxy.inject(fault, "DELETE .*", times);
    retrying.delete(List.of("a/b"));
    proxy.inject(fault, "POST .*delete.*", times);
    retrying.delete(List.of("a/b", "a/c"));
    assertThat(list()).isEmpty();
  }

  @Test
  void whatLastsIsSaidToBeUnavailable() throws IOException {
    proxy.inject(Fault.SLOW_DOWN, "PUT .*", 99);
    assertThatThrownBy(() -> retrying.put("a", CONTENT, Map.of(), PutCondition.NONE))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("put 'a': HTTP status 503, SlowDown: injected (tried 4 times)");
    try (ObjectStore nobody = Stores.open("s3://bucket?endpoint=http://127.0.0.1:1")) {
      assertThatThrownBy(() -> nobody.head("a"))
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("head 'a': ConnectException: Connection refused")
          .hasMessageContaining(" at http://127.0.0.1:1");
    }
  }

  @Test
  void aPutWhoseAnswerIsLostIsKnownToBeOurs() throws IOException {
    proxy.inject(Fault.ANSWER_LOST, "PUT .*", 1);
    Etag etag = retrying.put("a", CONTENT, Map.of("m", "v"), PutCondition.IF_ABSENT);
    assertThat(store.head("a").orElseThrow().etag()).isEqualTo(etag);

    proxy.inject(Fault.ANSWER_LOST, "PUT .*", 1);
    ByteSource next = ByteSource.of("next".getBytes(UTF_8));
    Etag second = retrying.put("a", next, Map.of(), PutCondition.ifMatch(etag));
    assertThat(store.head("a").orElseThrow().etag()).isEqualTo(second);

    // Somebody else's stays somebody else's.
    proxy.inject(Fault.DROPPED, "PUT .*", 1);
    assertThatThrownBy(() -> retrying.put("a", CONTENT, Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
    assertThat(read(store, "a")).isEqualTo("next");
  }

  @Test
  void aLargePutSurvivesFailingPartsAndALostAnswer() throws IOException {
    byte[] large = new byte[(int) Multipart.WHOLE_BYTES + 1];
    new Random(4).nextBytes(large);
    proxy.inject(Fault.DROPPED, "PUT .*partNumber=2.*", 1);
    proxy.inject(Fault.SLOW_DOWN, "PUT .*partNumber=3.*", 1);
    proxy.inject(Fault.ANSWER_LOST, "POST .*uploadId.*", 1);

    retrying.put("large", ByteSource.of(large), Map.of("m", "v"), PutCondition.IF_ABSENT);

    try (InputStream in = store.get("large", ByteRange.ALL)) {
      assertThat(in.readAllBytes()).isEqualTo(large);
    }
    // It was begun once: what failed was repeated by part.
    assertThat(proxy.requests().stream().filter(line -> line.matches("POST .*uploads.*")))
        .hasSize(1);
  }

  @Test
  void aLargePutThatFailsLeavesNothing() throws IOException {
    proxy.inject(Fault.SLOW_DOWN, "PUT .*partNumber=2.*", 99);
    ByteSource large = ByteSource.of(new byte[(int) Multipart.WHOLE_BYTES + 1]);

    assertThatThrownBy(() -> store.put("large", large, Map.of(), PutCondition.NONE))
        .isInstanceOf(StoreUnavailableException.class);

    assertThat(store.head("large")).isEmpty();
    assertThat(proxy.requests()).anyMatch(line -> line.matches("DELETE .*uploadId.*"));
  }

  @Test
  void aServerThatStopsReadingIsGivenUp() {
    proxy.inject(Fault.HANGS_UNREAD, "PUT .*", 1);
    ByteSource large = ByteSource.of(new byte[8 << 20]);

    assertThatThrownBy(() -> store.put("a", large, Map.of(), PutCondition.NONE))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("the server took nothing for 1000 ms");
  }

  @Test
  void anObjectThatEndsEarlyIsNoWholeObject() throws IOException {
    store.put("a", ByteSource.of(new byte[100_000]), Map.of(), PutCondition.NONE);
    proxy.inject(Fault.ANSWER_CUT, "GET .*", 1);

    assertThatThrownBy(() -> read(store, "a")).isInstanceOf(StoreUnavailableException.class);
  }

  @Test
  void aLateListHidesNothingFromAConditionalPut() throws IOException {
    assertThat(list()).isEmpty();
    store.put("a", CONTENT, Map.of(), PutCondition.IF_ABSENT);
    proxy.inject(Fault.ANSWER_OLD, "GET .*list-type.*", 1);
    assertThat(list()).isEmpty();

    assertThatThrownBy(() -> retrying.put("a", CONTENT, Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
    assertThat(list()).containsExactly("a");
  }

  @Test
  void whatHasToBePutRightIsSaidAndNotRepeated() throws IOException {
    String endpoint = "?endpoint=" + proxy.endpoint();
    try (ObjectStore none = Stores.open("s3://no-such-bucket" + endpoint)) {
      assertThatThrownBy(() -> none.list("", "").close())
          .isNotInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("s3://no-such-bucket: list '': HTTP status 404, NoSuchBucket")
          .hasMessageContaining(
              "there is no bucket no-such-bucket at " + proxy.endpoint() + ": create it");
    }
    System.setProperty("aws.secretAccessKey", "wrong");
    try (ObjectStore wrong = Stores.open("s3://bucket" + endpoint)) {
      assertThatThrownBy(() -> wrong.put("a", CONTENT, Map.of(), PutCondition.NONE))
          .isNotInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("the credentials are not those of this server: ")
          .hasMessageNotContaining("wrong");
    } finally {
      Versitygw.useCredentials();
    }
  }
}
