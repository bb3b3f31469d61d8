package dev.sluice.fuse.binding;

import dev.sluice.os.Libc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Notifications and ioctls of /dev/fuse.
 *
 * <pre>
 *   store: length u32 | code i32 | 0 u64 | node u64 | offset u64 | size u32 | 0 u32 | content
 *   drop:  length u32 | code i32 | 0 u64 | node u64 | offset i64 | size i64
 * </pre>
 */
final class DeviceKernel implements Kernel {
  private static final int DROP_SIZE = Protocol.OUT_HEADER + 24;
  private static final int HEAD = Protocol.OUT_HEADER + 24;

  private final int device;

  /**
   * One thread at a time: should the piece be in use by a request that is not read yet, another
   * thread has to read that.
   */
  private final AtomicBoolean storing = new AtomicBoolean();

  private final ByteBuffer notification =
      ByteBuffer.allocateDirect(HEAD + MAX_STORE).order(ByteOrder.nativeOrder());
  private final long address = Libc.address(notification);

  DeviceKernel(int device) {
    this.device = device;
  }

  @Override
  public int store(long inode, int fd, long offset, int length) {
    if (!storing.compareAndSet(false, true)) {
      return -Errno.EAGAIN;
    }
    try {
      long n = Libc.pread(fd, address + HEAD, length, offset);
      if (n < length) {
        return n < 0 ? (int) n : -Errno.EINVAL;
      }
      notification.putInt(0, HEAD + length);
      notification.putInt(4, Protocol.NOTIFY_STORE);
      notification.putLong(8, 0);
      notification.putLong(16, inode);
      notification.putLong(24, offset);
      notification.putInt(32, length);
      notification.putInt(36, 0);
      n = Libc.write(device, address, HEAD + length);
      return n < 0 ? (int) n : 0;
    } finally {
      storing.set(false);
    }
  }

  @Override
  public int drop(long inode, long offset, long length) {
    ByteBuffer out = ByteBuffer.allocateDirect(DROP_SIZE).order(ByteOrder.nativeOrder());
    out.putInt(0, DROP_SIZE);
    out.putInt(4, Protocol.NOTIFY_INVAL_INODE);
    out.putLong(16, inode);
    out.putLong(24, offset);
    out.putLong(32, length);
    long n = Libc.write(device, Libc.address(out), DROP_SIZE);
    return n < 0 ? (int) n : 0;
  }

  @Override
  public int openBacking(int fd) {
    return Libc.ioctl(device, Protocol.BACKING_OPEN, fd, 0, 0, 0);
  }

  @Override
  public void closeBacking(int backing) {
    Libc.ioctl(device, Protocol.BACKING_CLOSE, backing, 0, 0, 0);
  }
}
