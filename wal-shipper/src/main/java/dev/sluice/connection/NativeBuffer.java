package dev.sluice.connection;

import dev.sluice.os.Libc;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;

/** A direct buffer with its address at hand, so that I/O on it allocates nothing. */
public record NativeBuffer(ByteBuffer bytes, long address) {
  /** A few pages of the largest size, and two FUSE requests. */
  public static final int IO_BYTES = 288 << 10;

  /** Idle databases are many and hold no buffers; four may be at work without allocating. */
  private static final Queue<NativeBuffer> IDLE = new ArrayBlockingQueue<>(4);

  public static NativeBuffer allocate(int sizeBytes) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(sizeBytes);
    return new NativeBuffer(bytes, Libc.address(bytes));
  }

  /** Borrows a buffer of {@link #IO_BYTES}. */
  public static NativeBuffer borrow() {
    NativeBuffer idle = IDLE.poll();
    return idle != null ? idle : allocate(IO_BYTES);
  }

  public void giveBack() {
    bytes.clear();
    IDLE.offer(this);
  }
}
