package dev.sluice.ltx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * LZ4 frames (lz4_Frame_format.md of the LZ4 project, version 1.6.4), as older writers put around a
 * page. Written out here because a reader of LTX must know where a frame ends and not read past it.
 * Stateless.
 *
 * <pre>
 *   magic 4 │ FLG BD 2 │ content size 0/8 │ dictionary 0/4 │ HC 1 │ (size 4 │ block │ hash 0/4)* │ 0 4 │ hash 0/4
 * </pre>
 */
final class Lz4Frame {
  /** The most bytes a frame with one block takes besides it: descriptor, sizes, hashes. */
  static final int OVERHEAD = 19 + 4 + 4 + 4 + 4;

  /** The magic number, as it stands in a file. */
  static final int MAGIC = 0x04224D18;

  private static final int BLOCK_HASHES = 1 << 4;
  private static final int CONTENT_SIZE = 1 << 3;
  private static final int CONTENT_HASH = 1 << 2;
  private static final int DICTIONARY = 1;
  private static final int INDEPENDENT = 1 << 5;
  private static final int STORED = 1 << 31;

  private static final XXHash32 HASH = XXHashFactory.fastestInstance().hash32();

  /** A frame is not as it should be, {@code at} bytes from its start. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;
    final int at;
    final String what;

    Malformed(int at, String what) {
      super(what);
      this.at = at;
      this.what = what;
    }
  }

  private Lz4Frame() {}

  /**
   * The length of the frame at {@code start}, as far as its first {@code known} bytes tell: the
   * result is larger than {@code known} while more of it is needed to go on.
   *
   * @param maxLength the most bytes the frame may take
   */
  static int length(ByteBuffer bytes, int start, int known, int maxLength) throws Malformed {
    ByteBuffer frame = littleEndian(bytes, start, known);
    if (known < 6) {
      return 7;
    }
    int flags = frame.get(4);
    int at = descriptorLength(frame);
    while (at + 4 <= known) {
      int size = frame.getInt(at);
      if (size == 0) {
        return at + 4 + ((flags & CONTENT_HASH) != 0 ? 4 : 0);
      }
      int length = size & ~STORED;
      if (length > maxLength - at) {
        throw new Malformed(at, "LZ4 frame has a block of " + length + " bytes");
      }
      at += 4 + length + ((flags & BLOCK_HASHES) != 0 ? 4 : 0);
      if (at > maxLength) {
        throw new Malformed(at, "LZ4 frame takes more than " + maxLength + " bytes");
      }
    }
    return at + 4;
  }

  /**
   * Decompresses the frame of {@code length} bytes at {@code start}; returns how many bytes it
   * gave.
   */
  static int decompress(
      ByteBuffer bytes, int start, int length, ByteBuffer target, int to, int maxLength)
      throws Malformed {
    ByteBuffer frame = littleEndian(bytes, start, length);
    if (length < 7) {
      throw new Malformed(length, "LZ4 frame ends early");
    }
    int flags = frame.get(4);
    int at = descriptorLength(frame);
    int given = 0;
    int blocks = 0;
    while (true) {
      int size = word(frame, at);
      if (size == 0) {
        break;
      }
      if (++blocks == 2 && (flags & INDEPENDENT) == 0) {
        throw new Malformed(at, "LZ4 frame has blocks that depend on each other");
      }
      given +=
          block(
              frame, at, size, (flags & BLOCK_HASHES) != 0, target, to + given, maxLength - given);
      at += 4 + (size & ~STORED) + ((flags & BLOCK_HASHES) != 0 ? 4 : 0);
    }
    at += 4;
    if ((flags & CONTENT_HASH) != 0) {
      if (word(frame, at) != HASH.hash(target, to, given, 0)) {
        throw new Malformed(at, "LZ4 frame's content hash does not match");
      }
      at += 4;
    }
    if (at != length) {
      throw new Malformed(at, "LZ4 frame takes " + at + " bytes, not " + length);
    }
    return given;
  }

  private static int block(
      ByteBuffer frame, int at, int size, boolean hashed, ByteBuffer target, int to, int maxLength)
      throws Malformed {
    int length = size & ~STORED;
    int from = at + 4;
    if (length > frame.limit() - from) {
      throw new Malformed(at, "LZ4 frame has a block of " + length + " bytes");
    }
    if (hashed && word(frame, from + length) != HASH.hash(frame, from, length, 0)) {
      throw new Malformed(from + length, "LZ4 frame's block hash does not match");
    }
    if ((size & STORED) != 0) {
      if (length > maxLength) {
        throw new Malformed(at, "LZ4 frame holds more than a page");
      }
      target.put(to, frame, from, length);
      return length;
    }
    try {
      return Lz4.decompress(frame, from, length, target, to, maxLength);
    } catch (net.jpountz.lz4.LZ4Exception e) {
      throw new Malformed(from, "LZ4 block is malformed or holds more than a page");
    }
  }

  /** Checks the descriptor as far as it is there; returns where the first block begins. */
  private static int descriptorLength(ByteBuffer frame) throws Malformed {
    if (Integer.reverseBytes(frame.getInt(0)) != MAGIC) {
      throw new Malformed(0, "no LZ4 frame");
    }
    int flags = frame.get(4);
    if ((flags & 0xc0) != 0x40 || (flags & 2) != 0) {
      throw new Malformed(4, "LZ4 frame has unknown flags");
    }
    if ((flags & DICTIONARY) != 0) {
      throw new Malformed(4, "LZ4 frame needs a dictionary");
    }
    int hashAt = 6 + ((flags & CONTENT_SIZE) != 0 ? 8 : 0);
    if (hashAt < frame.limit()
        && frame.get(hashAt) != (byte) (HASH.hash(frame, 4, hashAt - 4, 0) >>> 8)) {
      throw new Malformed(hashAt, "LZ4 frame's header hash does not match");
    }
    return hashAt + 1;
  }

  private static int word(ByteBuffer frame, int at) throws Malformed {
    if (at > frame.limit() - 4) {
      throw new Malformed(at, "LZ4 frame ends early");
    }
    return frame.getInt(at);
  }

  private static ByteBuffer littleEndian(ByteBuffer bytes, int start, int length) {
    return bytes.slice(start, length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
