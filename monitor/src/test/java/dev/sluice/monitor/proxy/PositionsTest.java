package dev.sluice.monitor.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.ltx.Position;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PositionsTest {
  private static Positions of(Object... idsAndTxids) {
    Map<Long, Position> positions = new LinkedHashMap<>();
    for (int i = 0; i < idsAndTxids.length; i += 2) {
      long txid = ((Number) idsAndTxids[i + 1]).longValue();
      positions.put(((Number) idsAndTxids[i]).longValue(), new Position(txid, ~txid));
    }
    return new Positions(positions);
  }

  @Test
  void golden() {
    assertThat(Positions.id("shop/app.db")).isEqualTo(Positions.id("shop/app.db"));
    assertThat(of().toString()).isEqualTo("AQ");
    assertThat(of(1, 2).toString()).isEqualTo("AQAAAAAAAAABAAAAAAAAAAL__________Q");
    assertThat(Positions.parse("AQAAAAAAAAABAAAAAAAAAAL__________Q")).isEqualTo(of(1, 2));
    // As sha256sum says.
    assertThat(Long.toHexString(Positions.id("a"))).isEqualTo("ca978112ca1bbdca");
  }

  @Test
  void whatIsWrittenIsRead() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      Map<Long, Position> some = new LinkedHashMap<>();
      for (int n = random.nextInt(Positions.MAX_DATABASES + 1); n > 0; n--) {
        some.put(random.nextLong(), new Position(random.nextLong(), random.nextLong()));
      }
      Positions positions = new Positions(some);
      String text = positions.toString();
      assertThat(text).as("seed %d", seed).matches("[-_A-Za-z0-9]{1,514}");
      assertThat(Positions.parse(text)).as("seed %d", seed).isEqualTo(positions);
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    String good = of(1, 2).toString();
    assertThatThrownBy(() -> Positions.parse("")).hasMessage("not of version 1");
    assertThatThrownBy(() -> Positions.parse("Ag")).hasMessage("not of version 1");
    assertThatThrownBy(() -> Positions.parse(good.substring(0, good.length() - 2)))
        .hasMessage("ends within an entry");
    assertThatThrownBy(() -> Positions.parse(good + "="))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Positions.parse("A".repeat(10_000)))
        .hasMessage("longer than 516 characters");
    assertThatThrownBy(
            () -> Positions.parse("AQ" + good.substring(2).repeat(1) + good.substring(2)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void mergesTheNewerOfEach() {
    assertThat(of(1, 5, 2, 5).andNewer(of(2, 4, 3, 1))).isEqualTo(of(1, 5, 2, 5, 3, 1));
    assertThat(of(1, 5).andNewer(of(1, -1))).isEqualTo(of(1, -1));
    assertThat(of(1, 5, 2, 5).replacedBy(of(2, 4).byDatabase())).isEqualTo(of(2, 4, 1, 5));
    assertThat(of(1, 5).replacedBy(Map.of(1L, Position.NONE)).isEmpty()).isTrue();
  }

  @Test
  void keepsTheLastOnes() {
    Positions all = Positions.NONE;
    for (long i = 0; i < 20; i++) {
      all = all.replacedBy(Map.of(i, new Position(1, 1)));
    }
    assertThat(all.byDatabase().keySet()).hasSize(16).startsWith(19L, 18L).endsWith(4L);
  }
}
