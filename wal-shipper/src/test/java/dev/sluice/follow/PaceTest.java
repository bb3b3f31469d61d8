package dev.sluice.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PaceTest {
  @Test
  void asksLessWhileNothingComes() {
    Pace.Timer timer = new Pace(Duration.ofSeconds(1)).timer();
    long before = 0;
    long idleMillis = 0;
    for (int i = 0; i < 30; i++) {
      long pause = timer.next(false);
      assertThat(pause).isBetween(1_000L, 10_000L).isGreaterThanOrEqualTo(before);
      assertThat(pause).isLessThanOrEqualTo(Math.max(1_000, idleMillis / 4));
      idleMillis += pause;
      before = pause;
    }
    assertThat(before).isEqualTo(10_000);
    assertThat(timer.next(true)).isEqualTo(1_000);
    assertThat(timer.next(false)).isEqualTo(1_000);
  }

  @Test
  void aLongIntervalStays() {
    Pace.Timer timer = new Pace(Duration.ofMinutes(1)).timer();
    for (int i = 0; i < 30; i++) {
      assertThat(timer.next(false)).isEqualTo(60_000);
    }
  }

  @Test
  void noInterval() {
    assertThatThrownBy(() -> new Pace(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
  }
}
