package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ClockOffsetTest {
  private final ClockOffset clocks = new ClockOffset();

  /** The primary's clock; time goes by with it. */
  private long primaryMillis = 1_000_000;

  private void frame(long offsetMillis, long delayMillis, boolean heartbeat) {
    primaryMillis += 1_000;
    clocks.heard(
        primaryMillis,
        primaryMillis + offsetMillis + delayMillis,
        TimeUnit.MILLISECONDS.toNanos(primaryMillis + delayMillis),
        heartbeat);
  }

  @Test
  void isTheSmallestDifference() {
    assertThat(clocks.millis()).isZero();
    Random random = new Random(1);
    for (int i = 0; i < 100; i++) {
      frame(-5_000, 3 + random.nextInt(50), i % 2 == 0);
    }
    assertThat(clocks.millis()).isBetween(-4_998L, -4_970L);
  }

  /** What comes late says nothing, for as long as it takes. */
  @Test
  void framesThatWereHeldUpChangeLittle() {
    frame(700, 1, true);
    for (int i = 0; i < 600; i++) {
      frame(700, 30_000, false);
    }
    assertThat(clocks.millis()).isBetween(701L, 701L + 126);
  }

  @Test
  void aClockThatWasSetBackCountsAtOnce() {
    frame(700, 1, true);
    frame(-90_000, 1, false);
    assertThat(clocks.millis()).isEqualTo(-89_999);
  }

  @Test
  void aClockThatWasPutForwardCountsAfterSomeHeartbeats() {
    frame(0, 1, true);
    frame(60_000, 1, true);
    frame(60_000, 4, true);
    assertThat(clocks.millis()).isLessThan(10);
    frame(60_000, 2, true);
    assertThat(clocks.millis()).isEqualTo(60_001);
  }

  @Test
  void oneLateHeartbeatIsNone() {
    frame(0, 1, true);
    for (int i = 0; i < 20; i++) {
      frame(0, i % 3 == 0 ? 20 : 5_000, true);
    }
    assertThat(clocks.millis()).isLessThan(20);
  }
}
