package dev.sluice.ltx;

import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * LZ4 blocks. The library's C code where it can be loaded (0.5 to 0.6 GB/s a core on pages of 4
 * KiB, twice what its Java code does), else its Java code. Stateless.
 */
final class Lz4 {
  private static final LZ4Factory FACTORY = LZ4Factory.fastestInstance();
  private static final LZ4Compressor COMPRESSOR = FACTORY.fastCompressor();
  private static final LZ4SafeDecompressor DECOMPRESSOR = FACTORY.safeDecompressor();

  private Lz4() {}

  /** The most bytes a block of {@code length} bytes can take. */
  static int maxCompressedLength(int length) {
    return length + length / 255 + 16;
  }

  /** Compresses by index, without moving positions; returns the length of the block. */
  static int compress(ByteBuffer source, int from, int length, ByteBuffer target, int to) {
    return COMPRESSOR.compress(source, from, length, target, to, maxCompressedLength(length));
  }

  /**
   * Decompresses by index, without moving positions; returns the decompressed length.
   *
   * @throws net.jpountz.lz4.LZ4Exception when it is no block or gives more than {@code maxLength}
   */
  static int decompress(
      ByteBuffer source, int from, int length, ByteBuffer target, int to, int maxLength) {
    return DECOMPRESSOR.decompress(source, from, length, target, to, maxLength);
  }
}
