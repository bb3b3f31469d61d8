package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class SilenceGuardTest {
  private static final Duration NEVER = Duration.ofHours(1);

  private final CountDownLatch noticed = new CountDownLatch(1);
  private Socket here;
  private Socket there;

  @BeforeEach
  void connect() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      there = new Socket(server.getInetAddress(), server.getLocalPort());
      here = server.accept();
    }
  }

  @AfterEach
  void close() throws Exception {
    here.close();
    there.close();
  }

  private void say(String text) throws Exception {
    there.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }

  private SilenceGuard guard(Duration notice, Duration end) throws Exception {
    return new SilenceGuard(here.getInputStream(), notice, end, noticed::countDown);
  }

  @Test
  void passesOnWhatComes() throws Exception {
    try (SilenceGuard guard = guard(NEVER, NEVER)) {
      say("abc");
      assertThat(guard.read()).isEqualTo('a');
      assertThat(guard.readNBytes(2)).asString().isEqualTo("bc");
      assertThat(guard.isSilent()).isFalse();
      there.close();
      assertThat(guard.read()).isEqualTo(-1);
    }
  }

  @Test
  void noticesASilenceThatEnds() throws Exception {
    try (SilenceGuard guard = guard(Duration.ofMillis(30), NEVER)) {
      Thread reader =
          new Thread(
              () -> {
                try {
                  guard.read();
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      reader.start();
      assertThat(noticed.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(guard.isSilent()).isTrue();
      say("x");
      reader.join();
      assertThat(guard.isSilent()).isFalse();
    }
  }

  @Test
  void endsOneThatGoesOn() throws Exception {
    try (SilenceGuard guard = guard(Duration.ofMillis(30), Duration.ofMillis(90))) {
      assertThatThrownBy(guard::read).hasMessage("nothing came for 90 ms");
      assertThat(noticed.getCount()).isZero();
    }
  }

  /** It is the sender whose silence counts, not how long the reader does something else. */
  @Test
  void aReaderMayTakeItsTime() throws Exception {
    try (SilenceGuard guard = guard(Duration.ofMillis(30), Duration.ofMillis(90))) {
      say("ab");
      assertThat(guard.read()).isEqualTo('a');
      assertThat(noticed.await(300, TimeUnit.MILLISECONDS)).isFalse();
      assertThat(guard.read()).isEqualTo('b');
    }
  }
}
