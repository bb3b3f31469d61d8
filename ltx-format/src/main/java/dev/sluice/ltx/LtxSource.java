package dev.sluice.ltx;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** The bytes of one LTX file, in any order. Safe for use by many threads at once. */
public interface LtxSource extends Closeable {
  /** Length of the file in bytes. */
  long size();

  /**
   * Fills the remaining bytes of {@code target} from {@code offset} of the file.
   *
   * @throws EOFException when the file ends before that
   */
  void readFully(long offset, ByteBuffer target) throws IOException;

  /** A file of its own, closed with the source. */
  static LtxSource of(Path file) throws IOException {
    return ChannelSource.open(file);
  }

  /** The remaining bytes of {@code bytes}, which must not change meanwhile. */
  static LtxSource of(ByteBuffer bytes) {
    return new BufferSource(bytes.slice());
  }

  /**
   * {@code length} bytes of a file from {@code offset}, where LTX files lie one behind another. The
   * channel stays open when the source is closed.
   */
  static LtxSource of(FileChannel channel, long offset, long length) {
    return new ChannelSource(channel, offset, length, false);
  }
}
