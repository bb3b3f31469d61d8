package dev.sluice.os;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Writes a large file from its beginning on: past the page cache where the file system can do that,
 * as the cache would only be filled and its write-back take processors from whoever makes the
 * content; and each piece by another thread, while the caller brings the next. For one thread.
 */
public final class DirectAppender implements Closeable {
  private static final int PIECE_BYTES = 4 << 20;
  private static final int BLOCK_BYTES = 4096;

  private final NativeFile file;

  /** Writes whole, aligned pieces past the page cache; null where that can't be. */
  private final @Nullable NativeFile direct;

  /** What has come and is not being written yet. */
  private ByteBuffer filling = piece();

  /** Being written, or free. */
  private ByteBuffer other = piece();

  /** Where {@link #filling} begins in the file. */
  private long offset;

  private @Nullable FutureTask<Void> writing;

  /**
   * @param file that is empty; it stays open
   * @param path of it
   */
  public DirectAppender(NativeFile file, Path path) {
    this.file = file;
    NativeFile opened;
    try {
      opened = NativeFile.open(path, Libc.O_WRONLY | Libc.O_DIRECT);
    } catch (ErrnoException e) {
      opened = null;
    }
    this.direct = opened;
  }

  private static ByteBuffer piece() {
    return ByteBuffer.allocateDirect(PIECE_BYTES + BLOCK_BYTES)
        .alignedSlice(BLOCK_BYTES)
        .limit(PIECE_BYTES)
        .slice();
  }

  /** Bytes that have come. */
  public long sizeBytes() {
    return offset + filling.position();
  }

  /**
   * Takes all remaining bytes.
   *
   * @throws ErrnoException when these or earlier ones could not be written
   */
  public void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int n = Math.min(bytes.remaining(), filling.remaining());
      filling.put(bytes.slice(bytes.position(), n));
      bytes.position(bytes.position() + n);
      if (!filling.hasRemaining()) {
        await();
        ByteBuffer full = filling.flip();
        start(full, offset);
        offset += PIECE_BYTES;
        filling = other.clear();
        other = full;
      }
    }
  }

  private void start(ByteBuffer full, long at) {
    NativeFile target = direct == null ? file : direct;
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              target.write(full, at);
              return null;
            });
    writing = task;
    Thread thread = new Thread(task, "direct-appender");
    thread.setDaemon(true);
    thread.start();
  }

  /** Waits for the piece under way, also when interrupted: its buffer is needed. */
  private void await() throws IOException {
    FutureTask<Void> task = writing;
    if (task == null) {
      return;
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          writing = null;
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          writing = null;
          if (e.getCause() instanceof IOException failure) {
            throw failure;
          }
          throw new IOException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Writes what has come and is not written yet. Nothing is synced.
   *
   * @throws ErrnoException when these or earlier bytes could not be written
   */
  public void finish() throws IOException {
    await();
    ByteBuffer rest = filling.flip();
    int n = rest.remaining();
    file.write(rest, offset);
    offset += n;
    filling.clear();
  }

  @Override
  public void close() {
    try {
      await();
    } catch (IOException e) {
      // Whoever wanted to know has called finish.
    }
    if (direct != null) {
      direct.close();
    }
  }
}
