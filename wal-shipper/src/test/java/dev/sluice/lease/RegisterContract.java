package dev.sluice.lease;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.lease.Lease.Clocks;
import dev.sluice.lease.Lease.State;
import dev.sluice.lease.Register.Versioned;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every register must do. */
abstract class RegisterContract {
  private static final int THREADS = 8;
  private static final int INCREMENTS = 50;

  private final List<Register> opened = new ArrayList<>();
  private Register register;

  /**
   * Opens the register of this test once more; empty at the first time. Each test has one of its
   * own.
   */
  protected abstract Register open() throws IOException;

  private Register another() throws IOException {
    Register one = open();
    opened.add(one);
    return one;
  }

  @BeforeEach
  final void openFirst() throws IOException {
    register = another();
  }

  @AfterEach
  final void closeAll() throws IOException {
    for (Register one : opened) {
      one.close();
    }
  }

  private static Optional<String> write(Register register, String text, @Nullable Versioned before)
      throws IOException {
    return register.write(text.getBytes(UTF_8), before);
  }

  private static String text(Versioned there) {
    return new String(there.value(), UTF_8);
  }

  @Test
  void absentAtFirst() throws IOException {
    assertThat(register.read()).isEmpty();
  }

  @Test
  void onlyOneWriteIsTheFirst() throws IOException {
    assertThat(write(register, "one", null)).isPresent();
    assertThat(write(register, "two", null)).isEmpty();
    assertThat(write(another(), "three", null)).isEmpty();

    assertThat(text(register.read().orElseThrow())).isEqualTo("one");
  }

  @Test
  void whatOneWritesAnotherReads() throws IOException {
    Register other = another();
    String first = write(register, "naïve", null).orElseThrow();

    Versioned there = other.read().orElseThrow();
    assertThat(text(there)).isEqualTo("naïve");
    assertThat(there.version()).isEqualTo(first);
    String second = write(other, "two", there).orElseThrow();

    Versioned now = register.read().orElseThrow();
    assertThat(text(now)).isEqualTo("two");
    assertThat(now.version()).isEqualTo(second);
  }

  @Test
  void aStaleVersionIsRefused() throws IOException {
    Versioned first = new Versioned(new byte[0], write(register, "1", null).orElseThrow());
    Versioned second = new Versioned(new byte[0], write(register, "2", first).orElseThrow());

    assertThat(write(register, "3", first)).isEmpty();
    assertThat(write(another(), "3", first)).isEmpty();
    assertThat(write(register, "3", null)).isEmpty();

    assertThat(text(register.read().orElseThrow())).isEqualTo("2");
    assertThat(write(register, "3", second)).isPresent();
  }

  /** Longer than what the network sends at once, and with bytes that are no text. */
  @Test
  void valuesAreBytes() throws IOException {
    byte[] value = new byte[20_000];
    for (int i = 0; i < value.length; i++) {
      value[i] = (byte) (i * 31);
    }
    register.write(value, null);
    assertThat(register.read().orElseThrow().value()).isEqualTo(value);
  }

  @Test
  void versionsDiffer() throws IOException {
    Set<String> versions = new HashSet<>();
    @Nullable Versioned before = null;
    for (int i = 0; i < 20; i++) {
      String version = write(register, "value " + i, before).orElseThrow();
      versions.add(version);
      before = new Versioned(new byte[0], version);
    }
    assertThat(versions).hasSize(20);
  }

  @Test
  void ofManyIncrementsNoneIsLost() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Callable<Integer>> counters = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        String thread = "thread " + i;
        Register mine = i % 2 == 0 ? register : another();
        counters.add(() -> increment(mine, thread));
      }
      for (Future<Integer> counter : threads.invokeAll(counters)) {
        assertThat(counter.get()).isEqualTo(INCREMENTS);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(text(register.read().orElseThrow())).startsWith(THREADS * INCREMENTS + " ");
  }

  private static int increment(Register register, String thread) throws IOException {
    int done = 0;
    while (done < INCREMENTS) {
      Versioned before = register.read().orElse(null);
      int count = before == null ? 0 : Integer.parseInt(text(before).replaceFirst(" .*", ""));
      // No two values are alike.
      if (write(register, (count + 1) + " " + thread, before).isPresent()) {
        done++;
      }
    }
    return done;
  }

  @Test
  void keepsALease() throws IOException {
    Lease a = new Lease(register, "a", null, Duration.ofSeconds(60), Clocks.SYSTEM);
    Lease b = new Lease(another(), "b", null, Duration.ofSeconds(60), Clocks.SYSTEM);

    assertThat(a.tryAcquire(a.look(), null)).isTrue();
    assertThat(a.renew()).isTrue();
    assertThat(b.look().state()).isEqualTo(State.HELD);
    a.release("b");
    assertThat(b.tryAcquire(b.look(), List.of("a"))).isTrue();

    assertThat(b.epoch()).isEqualTo(2);
    assertThat(b.keepInSync(b.epoch(), List.of())).isTrue();
    assertThat(String.valueOf(a.look().record())).contains("holder=b");
  }
}
