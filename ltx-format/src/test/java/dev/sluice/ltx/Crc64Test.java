package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class Crc64Test {
  @Test
  void checkValue() {
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(Crc64.of(digits, 0, digits.length)).isEqualTo(0xB90956C775A41001L);
    assertThat(Crc64.of(ByteBuffer.wrap(digits))).isEqualTo(0xB90956C775A41001L);
    assertThat(Crc64.of(digits, 0, 0)).isZero();
  }

  @Property
  void agreesWithTheDefinition(
      @ForAll long seed,
      @ForAll @IntRange(max = 600) int length,
      @ForAll @IntRange(max = 9) int at) {
    byte[] bytes = new byte[at + length + 5];
    new Random(seed).nextBytes(bytes);
    long expected = bitwise(bytes, at, length);
    assertThat(Crc64.of(bytes, at, length)).isEqualTo(expected);
    assertThat(Crc64.of(ByteBuffer.wrap(bytes, at, length))).isEqualTo(expected);
    assertThat(Crc64.of(ByteBuffer.wrap(bytes, at, length).asReadOnlyBuffer())).isEqualTo(expected);
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    assertThat(Crc64.of(direct.position(at).limit(at + length))).isEqualTo(expected);
    assertThat(direct.position()).isEqualTo(at);
  }

  @Property
  void partsInAnyCutGiveTheWhole(
      @ForAll long seed, @ForAll @IntRange(max = 900) int a, @ForAll @IntRange(max = 900) int b) {
    byte[] bytes = new byte[a + b];
    new Random(seed).nextBytes(bytes);
    long whole = Crc64.of(bytes, 0, a + b);

    Crc64 crc = new Crc64();
    crc.update(bytes, 0, a);
    crc.update(ByteBuffer.wrap(bytes, a, b));
    assertThat(crc.value()).isEqualTo(whole);
    crc.reset();
    crc.update(bytes, 0, a);
    crc.append(Crc64.of(bytes, a, b), b);
    assertThat(crc.value()).isEqualTo(whole);

    assertThat(Crc64.combine(Crc64.of(bytes, 0, a), Crc64.of(bytes, a, b), b)).isEqualTo(whole);
  }

  @Test
  void combinesPartsLongerThanAnArray() {
    // A gibibyte of zeros by doubling, then twice that by combining with itself.
    byte[] zeros = new byte[1 << 20];
    long crc = Crc64.of(zeros, 0, zeros.length);
    long length = zeros.length;
    Crc64 slow = new Crc64();
    for (int i = 0; i < 64; i++) {
      slow.update(zeros, 0, zeros.length);
    }
    for (int i = 0; i < 6; i++, length *= 2) {
      crc = Crc64.combine(crc, crc, length);
    }
    assertThat(crc).isEqualTo(slow.value());
  }

  @Property
  void pageNumberIsFourBigEndianBytes(@ForAll int pgno, @ForAll byte b) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 512).putInt(pgno);
    while (bytes.hasRemaining()) {
      bytes.put(b);
    }
    assertThat(Checksums.page(pgno, bytes.position(4)))
        .isEqualTo(bitwise(bytes.array(), 0, 516) | Checksums.FLAG);
  }

  private static long bitwise(byte[] bytes, int offset, int length) {
    long crc = -1;
    for (int i = offset; i < offset + length; i++) {
      crc ^= bytes[i] & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ ((crc & 1) != 0 ? 0xD800000000000000L : 0);
      }
    }
    return ~crc;
  }
}
