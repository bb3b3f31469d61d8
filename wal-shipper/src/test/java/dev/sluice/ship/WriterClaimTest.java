package dev.sluice.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.WriterClaim.TakingOverException;
import dev.sluice.ship.WriterClaim.Writer;
import dev.sluice.store.DirectoryStore;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway") // JUnit sets the fields.
final class WriterClaimTest {
  @TempDir private Path directory;
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private Destination destination;

  @BeforeEach
  void open() {
    ObjectStore store =
        new ForwardingStore(new DirectoryStore(directory)) {
          @Override
          protected void before() {
            requests.incrementAndGet();
          }
        };
    destination = new Destination(store, StoreLayout.of("file", "app"), "file:///app", "app");
  }

  private WriterClaim claim(String node, String process) {
    return new WriterClaim(destination, new Writer(node, process), nanos::get);
  }

  private void take(WriterClaim claim) throws IOException {
    claim.take(asked::incrementAndGet);
  }

  private void pass(long millis) {
    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  @Test
  void whoComesLastHasIt() throws IOException {
    WriterClaim first = claim("a", "process 1");
    take(first);
    assertThat(asked).hasValue(0);
    WriterClaim second = claim("b", "process 2");
    assertThatThrownBy(() -> take(second)).isInstanceOf(TakingOverException.class);
    assertThat(asked).hasValue(1);
    pass(WriterClaim.CHECK_MILLIS);
    assertThatThrownBy(first::check)
        .isInstanceOf(SecondWriterException.class)
        .hasMessageContaining("process 2 has taken over the backup at file:///app");
    assertThatThrownBy(() -> take(second)).isInstanceOf(TakingOverException.class);
    pass(WriterClaim.TAKE_OVER_MILLIS - WriterClaim.CHECK_MILLIS);
    take(second);
    second.check();
    first.release();
    second.check();
    assertThat(Files.readString(directory.resolve("app/sluice-writer")))
        .isEqualTo("b\nprocess 2\n");
  }

  @Test
  void theSameNodeGoesOnAtOnceAndAProcessOfItThatStillRunsStops() throws IOException {
    WriterClaim killed = claim("a", "process 1");
    take(killed);
    take(claim("a", "process 2"));
    pass(WriterClaim.CHECK_MILLIS);
    assertThatThrownBy(killed::check).isInstanceOf(SecondWriterException.class);
  }

  @Test
  void whatWasGivenBackIsFreeAtOnce() throws IOException {
    WriterClaim first = claim("a", "process 1");
    take(first);
    first.release();
    assertThat(directory.resolve("app/sluice-writer")).doesNotExist();
    take(claim("b", "process 2"));
  }

  @Test
  void whoMayNotTakeOverChangesNothing() throws IOException {
    WriterClaim first = claim("a", "process 1");
    take(first);
    assertThatThrownBy(
            () ->
                claim("b", "process 2")
                    .take(
                        () -> {
                          throw new IOException("another history");
                        }))
        .hasMessage("another history");
    pass(WriterClaim.CHECK_MILLIS);
    first.check();
  }

  @Test
  void nothingIsAskedMoreThanOnceInAWhile() throws IOException {
    WriterClaim claim = claim("a", "process 1");
    take(claim);
    int before = requests.get();
    for (int i = 0; i < 100; i++) {
      claim.check();
    }
    assertThat(requests.get()).isEqualTo(before);
    pass(WriterClaim.CHECK_MILLIS);
    for (int i = 0; i < 100; i++) {
      claim.check();
    }
    assertThat(requests.get()).isEqualTo(before + 1);
  }

  @Test
  void aDeletedClaimIsSomebodyElsesDoing() throws IOException {
    WriterClaim claim = claim("a", "process 1");
    take(claim);
    Files.delete(directory.resolve("app/sluice-writer"));
    pass(WriterClaim.CHECK_MILLIS);
    assertThatThrownBy(claim::check)
        .isInstanceOf(SecondWriterException.class)
        .hasMessageContaining("somebody has deleted the backup at file:///app");
  }
}
