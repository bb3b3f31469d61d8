package dev.sluice.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and hostile files: named errors, and no memory for what is not there. */
class DamageTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "deletion.ltx",
        "nochecksum-delta.ltx",
        "chain/0000000000000003-0000000000000003.ltx",
        "legacy-lz4-frame/snapshot-512.ltx"
      })
  void everyFlippedByteIsDetectedOrHarmless(String vector) throws IOException {
    byte[] file = Vectors.bytes(vector);
    byte[] meaning = meaning(file);
    int harmless = 0;
    for (int at = 0; at < file.length; at++) {
      for (int flip : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        byte[] damaged = file.clone();
        damaged[at] ^= (byte) flip;
        try {
          assertThat(meaning(damaged)).as("byte %d ^ %d", at, flip).isEqualTo(meaning);
          harmless++;
        } catch (CorruptLtxException e) {
          assertThat(e.offset()).isBetween(0L, (long) file.length);
        }
        try {
          LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(damaged)), "damaged");
        } catch (CorruptLtxException e) {
          assertThat(e.offset()).isBetween(0L, (long) file.length);
        }
      }
    }
    // Harmless: another LZ4 match that copies the same bytes. All others must be found.
    assertThat(harmless).isLessThan(file.length);
  }

  @Property(tries = 2000)
  void anyBytesBehindAHeader(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] file = Vectors.bytes("chain/0000000000000003-0000000000000003.ltx");
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes; i++) {
      file[random.nextInt(file.length)] = (byte) random.nextInt(256);
    }
    byte[] cut = Arrays.copyOf(file, random.nextInt(2 * file.length));
    for (byte[] damaged : List.of(file, cut)) {
      try {
        meaning(damaged);
        LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(damaged)), "damaged");
      } catch (CorruptLtxException e) {
        assertThat(e.offset()).isNotNegative();
      }
    }
  }

  @Test
  void lengthsOfGibibytesAllocateNothingLarge() throws IOException {
    // Load classes and grow what is kept by threads first.
    meaning(Vectors.bytes("deletion.ltx"));
    byte[] page = Vectors.bytes("chain/0000000000000003-0000000000000003.ltx");
    ByteBuffer.wrap(page).putInt(LtxHeader.SIZE + 6, -1);
    byte[] index = Vectors.bytes("chain/0000000000000003-0000000000000003.ltx");
    ByteBuffer.wrap(index).putLong(index.length - 24, 0xffff_fff0L);
    byte[] commit = Vectors.bytes("chain/0000000000000003-0000000000000003.ltx");
    ByteBuffer.wrap(commit).putInt(12, Integer.MAX_VALUE);
    byte[] frame = Vectors.bytes("legacy-lz4-frame/snapshot-512.ltx");
    ByteBuffer.wrap(frame).putInt(LtxHeader.SIZE + 6 + 7, 0xffff_ff7f);
    for (byte[] hostile : List.of(page, index, commit, frame)) {
      long before = allocated();
      assertThatThrownBy(() -> meaning(hostile)).isInstanceOf(CorruptLtxException.class);
      assertThatThrownBy(
              () -> LtxVerifier.verify(LtxSource.of(ByteBuffer.wrap(hostile)), "hostile"))
          .isInstanceOf(CorruptLtxException.class);
      assertThat(allocated() - before).isLessThan(4 << 20);
    }
  }

  private static long allocated() {
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .mapToLong(BufferPoolMXBean::getTotalCapacity)
            .sum();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return direct + threads.getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  /** What a reader gets out of a file: the header, the pages, the checksum after it. */
  private static byte[] meaning(byte[] file) throws IOException {
    try (LtxDecoder decoder = LtxDecoder.open(new ByteArrayInputStream(file), "damaged")) {
      ByteBuffer meaning = ByteBuffer.allocate(1 << 16);
      decoder.header().writeTo(meaning);
      while (decoder.next()) {
        meaning.putInt(decoder.pgno()).put(decoder.page());
      }
      meaning.putLong(decoder.trailer().postApplyChecksum());
      return Arrays.copyOf(meaning.array(), meaning.position());
    }
  }
}
