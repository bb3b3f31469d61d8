package dev.sluice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.store.FaultyStore.Fault;
import dev.sluice.store.StoreListener.Operation;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Without faults it is a store like any other; with them it fails as told. */
final class FaultyStoreTest extends ObjectStoreContract {
  @Override
  protected ObjectStore open() {
    return new FaultyStore(new InMemoryStore());
  }

  private FaultyStore faulty() {
    return (FaultyStore) store;
  }

  @Test
  void aFaultStrikesTheNthCallOnMatchingKeys() throws IOException {
    faulty().inject(Fault.UNAVAILABLE, Operation.PUT, "b", 1, 1);

    put("a1", "x");
    put("b1", "x");
    assertThatThrownBy(() -> put("b2", "x")).isInstanceOf(StoreUnavailableException.class);
    put("b3", "x");
    assertThat(list("", "")).containsExactly("a1", "b1", "b3");
  }

  @Test
  void anAmbiguousPutIsStored() throws IOException {
    faulty().failNext(Fault.AMBIGUOUS, Operation.PUT);

    assertThatThrownBy(() -> put("a", "x")).isInstanceOf(StoreUnavailableException.class);
    assertThat(read("a")).isEqualTo("x");
  }

  @Test
  void staleListsLeaveOutWhatIsNew() throws IOException {
    put("old", "x");
    faulty().staleLists();
    put("new", "x");
    put("old", "y");

    assertThat(list("", "")).containsExactly("old");
    assertThat(read("new")).isEqualTo("x");
    faulty().freshenLists();
    assertThat(list("", "")).containsExactly("new", "old");
  }

  @Test
  void aCutStreamFailsAfterItsFirstByte() throws IOException {
    put("a", "xyz");
    faulty().failNext(Fault.CUT, Operation.GET);

    assertThatThrownBy(() -> read("a")).isInstanceOf(StoreUnavailableException.class);
    assertThat(read("a")).isEqualTo("xyz");
  }

  @Test
  void aHeldCallWaitsForItsRelease() throws Exception {
    faulty().failNext(Fault.HELD, Operation.PUT);
    CompletableFuture<Void> put =
        CompletableFuture.runAsync(
            () -> {
              try {
                put("a", "x");
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });

    assertThat(store.head("a")).isEmpty();
    faulty().release();
    put.get(30, TimeUnit.SECONDS);
    assertThat(read("a")).isEqualTo("x");
  }
}
