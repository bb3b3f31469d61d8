package dev.sluice.follow;

import dev.sluice.log.PageReader;
import dev.sluice.restore.RestoreResult;
import dev.sluice.sqlite.ReadAt;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The pages of a database that was just restored, and that nobody has opened yet. */
final class RestoredPages implements PageReader, Closeable {
  private final FileChannel channel;
  private final int pageSize;

  private RestoredPages(FileChannel channel, int pageSize) {
    this.channel = channel;
    this.pageSize = pageSize;
  }

  static RestoredPages open(Path file, RestoreResult result) throws IOException {
    return new RestoredPages(FileChannel.open(file, StandardOpenOption.READ), result.pageSize());
  }

  @Override
  public void read(int pgno, ByteBuffer target) throws IOException {
    ((ReadAt) channel::read).readFully(target, (pgno - 1L) * pageSize);
    if (target.hasRemaining()) {
      throw new EOFException("a restored database ends before its page " + pgno);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
