package dev.sluice.ltx;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A range of a file. */
final class ChannelSource implements LtxSource {
  private final FileChannel channel;
  private final long start;
  private final long size;
  private final boolean owned;

  ChannelSource(FileChannel channel, long start, long size, boolean owned) {
    if (start < 0 || size < 0 || start + size < 0) {
      throw new IllegalArgumentException("range of " + size + " bytes at " + start);
    }
    this.channel = channel;
    this.start = start;
    this.size = size;
    this.owned = owned;
  }

  static ChannelSource open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new ChannelSource(channel, 0, channel.size(), true);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void readFully(long offset, ByteBuffer target) throws IOException {
    if (offset < 0 || offset > size - target.remaining()) {
      throw new EOFException(target.remaining() + " bytes at " + offset + " of " + size);
    }
    long at = start + offset;
    while (target.hasRemaining()) {
      int n = channel.read(target, at);
      if (n < 0) {
        throw new EOFException(
            "file ends at " + at + " while " + target.remaining() + " bytes are due");
      }
      at += n;
    }
  }

  @Override
  public void close() throws IOException {
    if (owned) {
      channel.close();
    }
  }
}
