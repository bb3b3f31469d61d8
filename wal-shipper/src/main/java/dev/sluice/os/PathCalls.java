package dev.sluice.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.jspecify.annotations.Nullable;

/**
 * System calls by path. Paths are the raw bytes of a name, one per char (ISO-8859-1), because Linux
 * gives file names no encoding and Java's would lose some. Symbolic links are never followed at the
 * last component. Returns are negative errno values as in {@link Libc}. Safe for many threads.
 */
public final class PathCalls {
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;

  /** In {@link #setTimes}: leave this time. */
  public static final long UTIME_OMIT = (1L << 30) - 2;

  /** In {@link #setTimes}: the current time. */
  public static final long UTIME_NOW = (1L << 30) - 1;

  private static final Functions FUNCTIONS = LibraryLoader.create(Functions.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(FUNCTIONS);

  private PathCalls() {}

  /** One name in a directory; {@code type} as in readdir(3). */
  public record Name(String name, long inode, int type) {}

  public static int stat(String path, FileStatus out) {
    return done(
        FUNCTIONS.statx(
            AT_FDCWD, bytes(path), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out.address()));
  }

  public static int stat(int fd, FileStatus out) {
    return done(FUNCTIONS.statx(fd, new byte[1], AT_EMPTY_PATH, STATX_BASIC_STATS, out.address()));
  }

  public static int open(String path, int flags, int mode) {
    return done(FUNCTIONS.open(bytes(path), flags | Libc.O_CLOEXEC, mode));
  }

  public static int mkdir(String path, int mode) {
    return done(FUNCTIONS.mkdir(bytes(path), mode));
  }

  public static int mknod(String path, int mode, int device) {
    // The kernel's request packs the device as the call of libc expects it for small numbers.
    return done(FUNCTIONS.mknod(bytes(path), mode, Integer.toUnsignedLong(device)));
  }

  /** The mode bits that this process's files don't get; 022 where the system does not say it. */
  public static int umask() {
    // umask(2) gives it only in exchange for another, which the files of other threads would get.
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("Umask:"))
          .mapToInt(line -> Integer.parseInt(line.substring(6).strip(), 8))
          .findFirst()
          .orElse(022);
    } catch (IOException e) {
      return 022;
    }
  }

  public static int symlink(byte[] target, String path) {
    byte[] terminated = Arrays.copyOf(target, target.length + 1);
    return done(FUNCTIONS.symlink(terminated, bytes(path)));
  }

  public static int link(String from, String to) {
    return done(FUNCTIONS.link(bytes(from), bytes(to)));
  }

  public static int unlink(String path) {
    return done(FUNCTIONS.unlink(bytes(path)));
  }

  public static int rmdir(String path) {
    return done(FUNCTIONS.rmdir(bytes(path)));
  }

  public static int rename(String from, String to, int flags) {
    return done(FUNCTIONS.renameat2(AT_FDCWD, bytes(from), AT_FDCWD, bytes(to), flags));
  }

  public static int chmod(String path, int mode) {
    return done(FUNCTIONS.chmod(bytes(path), mode));
  }

  public static int fchmod(int fd, int mode) {
    return done(FUNCTIONS.fchmod(fd, mode));
  }

  /** An id of -1 is left as it is. */
  public static int chown(String path, int uid, int gid) {
    return done(FUNCTIONS.lchown(bytes(path), uid, gid));
  }

  public static int fchown(int fd, int uid, int gid) {
    return done(FUNCTIONS.fchown(fd, uid, gid));
  }

  /** Sets times of a path, or of {@code fd} when {@code path} is null. */
  public static int setTimes(
      @Nullable String path, int fd, long atime, long atimeNanos, long mtime, long mtimeNanos) {
    Pointer times = Memory.allocateDirect(RUNTIME, 32);
    times.putLong(0, atime);
    times.putLong(8, atimeNanos);
    times.putLong(16, mtime);
    times.putLong(24, mtimeNanos);
    return done(
        path == null
            ? FUNCTIONS.futimens(fd, times.address())
            : FUNCTIONS.utimensat(AT_FDCWD, bytes(path), times.address(), AT_SYMLINK_NOFOLLOW));
  }

  /** The target of a symbolic link, or null with the errno in {@code error[0]}. */
  public static byte @Nullable [] readlink(String path, int[] error) {
    byte[] target = new byte[4096];
    long n = FUNCTIONS.readlink(bytes(path), target, target.length);
    return taken(target, n, error);
  }

  public static int setxattr(String path, String name, byte[] value, int flags) {
    return done(FUNCTIONS.lsetxattr(bytes(path), bytes(name), value, value.length, flags));
  }

  public static byte @Nullable [] getxattr(String path, String name, int[] error) {
    byte[] value = new byte[65536];
    return taken(value, FUNCTIONS.lgetxattr(bytes(path), bytes(name), value, value.length), error);
  }

  public static byte @Nullable [] listxattr(String path, int[] error) {
    byte[] names = new byte[65536];
    return taken(names, FUNCTIONS.llistxattr(bytes(path), names, names.length), error);
  }

  public static int removexattr(String path, String name) {
    return done(FUNCTIONS.lremovexattr(bytes(path), bytes(name)));
  }

  /** All names of a directory but "." and "..", or null with the errno in {@code error[0]}. */
  public static @Nullable List<Name> list(String path, int[] error) {
    Pointer directory = FUNCTIONS.opendir(bytes(path));
    if (directory == null) {
      error[0] = -LastError.getLastError(RUNTIME);
      return null;
    }
    List<Name> names = new ArrayList<>();
    for (Pointer d; (d = FUNCTIONS.readdir64(directory)) != null; ) {
      int length = 0;
      while (d.getByte(19 + length) != 0) {
        length++;
      }
      byte[] name = new byte[length];
      d.get(19, name, 0, length);
      String text = new String(name, StandardCharsets.ISO_8859_1);
      if (!text.equals(".") && !text.equals("..")) {
        names.add(new Name(text, d.getLong(0), d.getByte(18)));
      }
    }
    FUNCTIONS.closedir(directory);
    return names;
  }

  /** Fills the eleven numbers of struct statvfs (64 bits wide each but the last pad). */
  public static int statvfs(String path, long[] out) {
    Pointer memory = Memory.allocateDirect(RUNTIME, 256);
    int result = done(FUNCTIONS.statvfs64(bytes(path), memory.address()));
    for (int i = 0; i < out.length; i++) {
      out[i] = memory.getLong(i * 8L);
    }
    return result;
  }

  private static byte @Nullable [] taken(byte[] buffer, long n, int[] error) {
    if (n < 0) {
      error[0] = -LastError.getLastError(RUNTIME);
      return null;
    }
    return Arrays.copyOf(buffer, (int) n);
  }

  private static int done(int result) {
    return result < 0 ? -LastError.getLastError(RUNTIME) : result;
  }

  /** A path as these calls take it. */
  public static String raw(String path) {
    return new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String raw) {
    byte[] bytes = new byte[raw.length() + 1];
    for (int i = 0; i < raw.length(); i++) {
      bytes[i] = (byte) raw.charAt(i);
    }
    return bytes;
  }

  /** Signatures as in libc. */
  public interface Functions {
    int statx(int directory, byte[] path, int flags, int mask, long out);

    int open(byte[] path, int flags, int mode);

    int mkdir(byte[] path, int mode);

    int mknod(byte[] path, int mode, long device);

    int symlink(byte[] target, byte[] path);

    int link(byte[] from, byte[] to);

    int unlink(byte[] path);

    int rmdir(byte[] path);

    int renameat2(int fromDirectory, byte[] from, int toDirectory, byte[] to, int flags);

    int chmod(byte[] path, int mode);

    int fchmod(int fd, int mode);

    int lchown(byte[] path, int uid, int gid);

    int fchown(int fd, int uid, int gid);

    int utimensat(int directory, byte[] path, long times, int flags);

    int futimens(int fd, long times);

    long readlink(byte[] path, byte[] out, long size);

    int lsetxattr(byte[] path, byte[] name, byte[] value, long size, int flags);

    long lgetxattr(byte[] path, byte[] name, byte[] value, long size);

    long llistxattr(byte[] path, byte[] names, long size);

    int lremovexattr(byte[] path, byte[] name);

    @Nullable Pointer opendir(byte[] path);

    @Nullable Pointer readdir64(Pointer directory);

    int closedir(Pointer directory);

    int statvfs64(byte[] path, long out);
  }
}
