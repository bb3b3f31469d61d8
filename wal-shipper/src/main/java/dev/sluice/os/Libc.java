package dev.sluice.os;

import java.nio.ByteBuffer;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
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
  }
}
