package dev.sluice.os;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
  public static final int O_DIRECTORY = 0200000;
  public static final int O_NOFOLLOW = 0400000;
  public static final int O_CLOEXEC = 02000000;
  public static final int O_PATH = 010000000;

  public static final int ENOENT = 2;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;

  /** Kinds of lock. */
  public static final int F_RDLCK = 0;

  public static final int F_WRLCK = 1;
  public static final int F_UNLCK = 2;

  private static final int SYNC_FILE_RANGE_WRITE = 2;
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final int F_OFD_SETLKW = 38;
  private static final int SEEK_END = 2;
  private static final int MNT_FORCE = 1;

  private static final Functions FUNCTIONS = LibraryLoader.create(Functions.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(FUNCTIONS);

  private Libc() {}

  /**
   * Does nothing, but then all is loaded: the first call of any method takes a tenth of a second.
   */
  public static void load() {}

  /** The address of a direct buffer's first byte (not of its position). */
  public static long address(ByteBuffer direct) {
    // What jnr-ffi gives is the address of the position.
    return Pointer.wrap(RUNTIME, direct).address() - direct.position();
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

  /** Has the system begin to write the file's dirty pages to the disk; waits for nothing. */
  public static void startWriteback(int fd) {
    FUNCTIONS.sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
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

  /** An ioctl with an argument of up to 16 bytes in memory, given as four numbers. */
  public static int ioctl(int fd, long request, int first, int second, int third, int fourth) {
    Pointer argument = VECTOR.get();
    argument.putInt(0, first);
    argument.putInt(4, second);
    argument.putInt(8, third);
    argument.putInt(12, fourth);
    int result = FUNCTIONS.ioctl(fd, request, argument.address());
    return result < 0 ? -errno() : result;
  }

  /** Sends a signal to a process. */
  public static int kill(long pid, int signal) {
    return FUNCTIONS.kill((int) pid, signal) < 0 ? -errno() : 0;
  }

  /**
   * Ends a FUSE mount whose process is dead or hangs: requests under way fail, then it is taken
   * away. For root.
   */
  public static int abortMount(String path) {
    // Forcing fails every request, but does not unmount what is in use.
    int forced = FUNCTIONS.umount2(path, MNT_FORCE);
    return forced == 0 ? 0 : umount(path, true);
  }

  public static int umount(String path, boolean lazily) {
    return FUNCTIONS.umount2(path, lazily ? 2 : 0) < 0 ? -errno() : 0;
  }

  /** Size of a file in bytes, or -errno. Moves the descriptor's own offset to the end. */
  public static long size(int fd) {
    long n = FUNCTIONS.lseek64(fd, 0, SEEK_END);
    return n < 0 ? -errno() : n;
  }

  public static int fchmod(int fd, int mode) {
    return FUNCTIONS.fchmod(fd, mode) < 0 ? -errno() : 0;
  }

  public static int fchown(int fd, int uid, int gid) {
    return FUNCTIONS.fchown(fd, uid, gid) < 0 ? -errno() : 0;
  }

  /**
   * Takes, converts or releases a lock of the open file description, at once or not at all. It
   * conflicts with POSIX locks of every process, this one included, and lives until the last
   * duplicate of the descriptor is closed.
   *
   * @param type {@link #F_RDLCK}, {@link #F_WRLCK} or {@link #F_UNLCK}
   * @return 0, {@code -EAGAIN} or {@code -EACCES} when someone else's lock is in the way, or -errno
   */
  public static int lock(int fd, int type, long start, long length) {
    return flock(fd, F_OFD_SETLK, FlockMemory.of(type, start, length));
  }

  /** As {@link #lock}, but waits, without a bound, until no lock is in the way. */
  public static int lockWaiting(int fd, int type, long start, long length) {
    return flock(fd, F_OFD_SETLKW, FlockMemory.of(type, start, length));
  }

  /** Whether someone else's lock is in the way of this one: 1, 0 or -errno. */
  public static int isLockedByOther(int fd, int type, long start, long length) {
    FlockMemory memory = FlockMemory.of(type, start, length);
    int rc = flock(fd, F_OFD_GETLK, memory);
    return rc < 0 ? rc : memory.bytes.getShort(0) == F_UNLCK ? 0 : 1;
  }

  private static int flock(int fd, int command, FlockMemory memory) {
    return FUNCTIONS.fcntl(fd, command, memory.address) < 0 ? -errno() : 0;
  }

  /** What the kernel says of an error, {@code errno} being positive. */
  public static String describe(int errno) {
    return FUNCTIONS.strerror(errno);
  }

  /** A {@code struct flock} of 64-bit Linux; one a thread, so that a lock allocates nothing. */
  private static final class FlockMemory {
    private static final ThreadLocal<FlockMemory> OF_THREAD =
        ThreadLocal.withInitial(FlockMemory::new);

    final ByteBuffer bytes = ByteBuffer.allocateDirect(32).order(ByteOrder.nativeOrder());
    final long address = Libc.address(bytes);

    static FlockMemory of(int type, long start, long length) {
      FlockMemory memory = OF_THREAD.get();
      memory.bytes.putLong(0, 0).putShort(0, (short) type);
      memory.bytes.putLong(8, start).putLong(16, length).putLong(24, 0);
      return memory;
    }
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

    int sync_file_range(int fd, long offset, long length, int flags);

    int ftruncate64(int fd, long size);

    int fallocate64(int fd, int mode, long offset, long length);

    int fcntl(int fd, int command, long argument);

    int ioctl(int fd, long request, long argument);

    int poll(long descriptors, long count, int timeoutMillis);

    long preadv64v2(int fd, long vector, int count, long offset, int flags);

    int dup3(int fd, int target, int flags);

    long lseek64(int fd, long offset, int whence);

    int kill(int pid, int signal);

    int umount2(String path, int flags);

    int fchmod(int fd, int mode);

    int fchown(int fd, int uid, int gid);

    String strerror(int errno);
  }
}
