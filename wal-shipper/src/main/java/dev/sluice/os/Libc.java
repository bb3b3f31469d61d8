package dev.sluice.os;

import java.nio.ByteBuffer;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * The system calls Sluice needs and Java does not have, on Linux.
 *
 * <p>Every call takes plain numbers and returns what the kernel returns, with errors as negative
 * errno values ({@code -ENOENT}), so that a FUSE request can be answered with the number as it is.
 * Nothing here allocates on the way of a read or a write. All methods are safe for use by many
 * threads.
 */
public final class Libc {
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_ACCMODE = 3;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;
  public static final int O_TRUNC = 01000;
  public static final int O_APPEND = 02000;
  public static final int O_NONBLOCK = 04000;
  public static final int O_DIRECT = 040000;
  public static final int O_NOFOLLOW = 0400000;
  public static final int O_CLOEXEC = 02000000;
  public static final int O_PATH = 010000000;

  private static final Functions FUNCTIONS = LibraryLoader.create(Functions.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(FUNCTIONS);

  private Libc() {}

  /** The address of a direct buffer's first byte (not of its position). */
  public static long address(ByteBuffer direct) {
    return Pointer.wrap(RUNTIME, direct).address();
  }

  /** Opens a file. Returns a descriptor or a negative errno. {@code O_CLOEXEC} is always added. */
  public static int open(String path, int flags, int mode) {
    int fd = FUNCTIONS.open(path, flags | O_CLOEXEC, mode);
    return fd < 0 ? -errno() : fd;
  }

  public static int close(int fd) {
    return FUNCTIONS.close(fd) < 0 ? -errno() : 0;
  }

  /**
   * Reads up to {@code count} bytes to {@code address}; the number read, 0 at the end, or -errno.
   */
  public static long pread(int fd, long address, long count, long offset) {
    long n = FUNCTIONS.pread64(fd, address, count, offset);
    return n < 0 ? -errno() : n;
  }

  /** Writes up to {@code count} bytes from {@code address}; the number written, or -errno. */
  public static long pwrite(int fd, long address, long count, long offset) {
    long n = FUNCTIONS.pwrite64(fd, address, count, offset);
    return n < 0 ? -errno() : n;
  }

  public static long read(int fd, long address, long count) {
    long n = FUNCTIONS.read(fd, address, count);
    return n < 0 ? -errno() : n;
  }

  public static long write(int fd, long address, long count) {
    long n = FUNCTIONS.write(fd, address, count);
    return n < 0 ? -errno() : n;
  }

  public static int fsync(int fd) {
    return FUNCTIONS.fsync(fd) < 0 ? -errno() : 0;
  }

  public static int fdatasync(int fd) {
    return FUNCTIONS.fdatasync(fd) < 0 ? -errno() : 0;
  }

  public static int ftruncate(int fd, long size) {
    return FUNCTIONS.ftruncate64(fd, size) < 0 ? -errno() : 0;
  }

  public static int fallocate(int fd, int mode, long offset, long length) {
    return FUNCTIONS.fallocate64(fd, mode, offset, length) < 0 ? -errno() : 0;
  }

  /**
   * Makes {@code target} another name of {@code fd} (whatever it was before) and closes {@code fd}.
   */
  public static void replaceDescriptor(int fd, int target) {
    FUNCTIONS.dup3(fd, target, O_CLOEXEC);
    FUNCTIONS.close(fd);
  }

  public static long lseek(int fd, long offset, int whence) {
    long at = FUNCTIONS.lseek64(fd, offset, whence);
    return at < 0 ? -errno() : at;
  }

  /** Copies bytes of the heap to an address. */
  public static void copy(byte[] from, int offset, int count, long address) {
    Pointer.wrap(RUNTIME, address).put(0, from, offset, count);
  }

  /** Makes reads of a descriptor return -EAGAIN instead of waiting. */
  public static int setNonBlocking(int fd) {
    int flags = FUNCTIONS.fcntl(fd, 3, 0L);
    return flags < 0 || FUNCTIONS.fcntl(fd, 4, (long) (flags | O_NONBLOCK)) < 0 ? -errno() : 0;
  }

  /** Waits until a descriptor can be read, at most {@code timeoutMillis}. */
  public static int pollReadable(int fd, int timeoutMillis) {
    Pointer request = POLL.get();
    request.putInt(0, fd);
    request.putShort(4, (short) 1);
    request.putShort(6, (short) 0);
    int n = FUNCTIONS.poll(request.address(), 1, timeoutMillis);
    return n < 0 ? -errno() : n;
  }

  /** Like {@link #pread}, but -EAGAIN when the disk would have to be asked. */
  public static long preadCached(int fd, long address, long count, long offset) {
    Pointer vector = VECTOR.get();
    vector.putLong(0, address);
    vector.putLong(8, count);
    long n = FUNCTIONS.preadv64v2(fd, vector.address(), 1, offset, RWF_NOWAIT);
    return n < 0 ? -errno() : n;
  }

  private static final int RWF_NOWAIT = 8;
  private static final ThreadLocal<Pointer> POLL =
      ThreadLocal.withInitial(() -> Memory.allocateDirect(RUNTIME, 8));
  private static final ThreadLocal<Pointer> VECTOR =
      ThreadLocal.withInitial(() -> Memory.allocateDirect(RUNTIME, 16));

  public static int umount(String path, boolean lazily) {
    return FUNCTIONS.umount2(path, lazily ? 2 : 0) < 0 ? -errno() : 0;
  }

  /** Current errno of the calling thread, as left by the last call through this class. */
  private static int errno() {
    return LastError.getLastError(RUNTIME);
  }

  /** Signatures as in libc; addresses and sizes are 64 bits wide. */
  public interface Functions {
    int open(String path, int flags, int mode);

    int close(int fd);

    long pread64(int fd, long address, long count, long offset);

    long pwrite64(int fd, long address, long count, long offset);

    long read(int fd, long address, long count);

    long write(int fd, long address, long count);

    int fsync(int fd);

    int fdatasync(int fd);

    int ftruncate64(int fd, long size);

    int fallocate64(int fd, int mode, long offset, long length);

    int fcntl(int fd, int command, long argument);

    int poll(long descriptors, long count, int timeoutMillis);

    long preadv64v2(int fd, long vector, int count, long offset, int flags);

    int dup3(int fd, int target, int flags);

    long lseek64(int fd, long offset, int whence);

    int umount2(String path, int flags);
  }
}
