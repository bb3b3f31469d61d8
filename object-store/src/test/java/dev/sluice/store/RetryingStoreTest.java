package dev.sluice.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RetryingStoreTest extends ObjectStoreContract {
  private static final Backoff BACKOFF =
      new Backoff(4, Duration.ofMillis(100), Duration.ofMillis(300));

  private final InMemoryStore inner = new InMemoryStore();
  private final FaultyStore faulty = new FaultyStore(inner);
  private final List<Long> sleepsMillis = new ArrayList<>();

  @Override
  protected ObjectStore open() {
    return new RetryingStore(
        faulty, BACKOFF, time -> sleepsMillis.add(time.toMillis()), new Random(3));
  }

  private void call(Operation operation) throws IOException {
    switch (operation) {
      case HEAD -> assertThat(store.head("a")).isPresent();
      case GET -> {
        assertThat(read("a")).isEqualTo("x");
        store.readFully("a", 0, ByteBuffer.allocate(1));
      }
      case PUT, PART -> put("a", "x");
      case LIST -> assertThat(list("", "")).containsExactly("a");
      case DELETE -> store.delete(List.of("a"));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PART")
  void everyOperationIsRepeated(Operation operation) throws IOException {
    put("a", "x");
    faulty.inject(Fault.UNAVAILABLE, operation, "", 0, 3);

    call(operation);

    assertThat(sleepsMillis).hasSize(3);
  }

  @Test
  void waitsGrowWithinBoundsAndEnd() {
    faulty.inject(Fault.UNAVAILABLE, Operation.HEAD, "", 0, 99);

    assertThatThrownBy(() -> store.head("a"))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageEndingWith("(tried 4 times)");
    assertThat(sleepsMillis).hasSize(3);
    assertThat(sleepsMillis.get(0)).isBetween(50L, 100L);
    assertThat(sleepsMillis.get(1)).isBetween(100L, 200L);
    assertThat(sleepsMillis.get(2)).isBetween(150L, 300L);
  }

  @Test
  void otherErrorsAreNotRepeated() throws IOException {
    faulty.failNext(Fault.BROKEN, Operation.PUT);

    assertThatThrownBy(() -> put("a", "x")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read("a")).isInstanceOf(ObjectNotFoundException.class);
    assertThat(sleepsMillis).isEmpty();
  }

  @Test
  void aPutThatHappenedThoughItFailedIsRecognised() throws IOException {
    byte[] content = new byte[200_000];
    new Random(5).nextBytes(content);
    faulty.failNext(Fault.AMBIGUOUS, Operation.PUT);
    Etag etag = store.put("a", ByteSource.of(content), Map.of(), PutCondition.IF_ABSENT);
    assertThat(inner.head("a").orElseThrow().etag()).isEqualTo(etag);

    faulty.failNext(Fault.AMBIGUOUS, Operation.PUT);
    Etag next =
        store.put("a", ByteSource.of("next".getBytes(UTF_8)), Map.of(), PutCondition.ifMatch(etag));
    assertThat(inner.head("a").orElseThrow().etag()).isEqualTo(next);
  }

  @Test
  void aPutThatWasGivenUpIsRecognisedWhenTriedAgainLater() throws IOException {
    faulty.failNext(Fault.AMBIGUOUS, Operation.PUT);
    faulty.inject(Fault.UNAVAILABLE, Operation.PUT, "", 0, 3);
    ByteSource content = ByteSource.of("mine".getBytes(UTF_8));
    assertThatThrownBy(() -> store.put("a", content, Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(StoreUnavailableException.class);
    assertThat(inner.head("a")).isPresent();

    Etag etag = store.put("a", content, Map.of(), PutCondition.IF_ABSENT);

    assertThat(inner.head("a").orElseThrow().etag()).isEqualTo(etag);
    assertThatThrownBy(() -> store.put("a", content, Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
  }

  @Test
  void somebodyElsesPutIsNotTakenForOurs() throws IOException {
    put("a", "theirs");

    for (String ours : List.of("mine!!", "other length")) {
      faulty.failNext(Fault.UNAVAILABLE, Operation.PUT);
      assertThatThrownBy(
              () ->
                  store.put(
                      "a", ByteSource.of(ours.getBytes(UTF_8)), Map.of(), PutCondition.IF_ABSENT))
          .isInstanceOf(PreconditionFailedException.class);
    }
    // Without a failure before, even equal content is somebody else's.
    assertThatThrownBy(
            () ->
                store.put(
                    "a", ByteSource.of("theirs".getBytes(UTF_8)), Map.of(), PutCondition.IF_ABSENT))
        .isInstanceOf(PreconditionFailedException.class);
    assertThat(read("a")).isEqualTo("theirs");
  }

  @Test
  void anInterruptEndsTheWait() {
    ObjectStore stopped =
        new RetryingStore(
            faulty,
            BACKOFF,
            time -> {
              throw new InterruptedException();
            },
            new Random(3));
    faulty.failNext(Fault.UNAVAILABLE, Operation.HEAD);

    assertThatThrownBy(() -> stopped.head("a")).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
