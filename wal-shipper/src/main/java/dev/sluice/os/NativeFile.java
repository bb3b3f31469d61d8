package dev.sluice.os;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A file by its descriptor. Unlike a {@code FileChannel} it survives an interrupt of a thread that
 * reads it, and its errors carry the error number. Positional reads and writes are safe for many
 * threads; buffers must be direct.
 */
public final class NativeFile implements Closeable {
  private static final int EBADF = 9;
  private static final int EOPNOTSUPP = 95;

  private final String path;
  private final int fd;
  private volatile boolean closed;

  private NativeFile(String path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /** Opens with flags of open(2), see {@link Libc}; a new file gets mode 0644. */
  public static NativeFile open(Path path, int flags) throws ErrnoException {
    return openRaw(PathCalls.raw(path.toString()), flags);
  }

  /** Opens a path given as raw bytes, one per char. */
  public static NativeFile openRaw(String path, int flags) throws ErrnoException {
    int fd = PathCalls.open(path, flags, 0644);
    if (fd < 0) {
      throw new ErrnoException("cannot open " + path, -fd);
    }
    return new NativeFile(path, fd);
  }

  /**
   * Makes an empty file with a name that nothing else has. Unlike those of the library, others may
   * read it where the umask lets them, so that it may become a file that stays.
   */
  public static Path createTemporary(Path directory, String prefix, String suffix)
      throws IOException {
    return Files.createTempFile(
        directory,
        prefix,
        suffix,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
  }

  /** Waits until the names in a directory are on the disk. */
  public static void syncDirectory(Path directory) throws ErrnoException {
    try (NativeFile file = open(directory, Libc.O_RDONLY)) {
      file.check("cannot sync", Libc.fsync(file.fd));
    }
  }

  public int fd() {
    return fd;
  }

  /** Reads until the buffer is full or the file ends; returns the number of bytes read. */
  public int read(ByteBuffer target, long offset) throws ErrnoException {
    if (!target.isDirect()) {
      ByteBuffer direct = ByteBuffer.allocateDirect(target.remaining());
      int n = read(direct, offset);
      target.put(direct.flip());
      return n;
    }
    if (closed) {
      throw new ErrnoException(path + " is closed", EBADF);
    }
    int start = target.position();
    long address = Libc.address(target);
    while (target.hasRemaining()) {
      long n =
          Libc.pread(
              fd,
              address + target.position(),
              target.remaining(),
              offset + target.position() - start);
      if (n < 0) {
        throw new ErrnoException("cannot read " + path, (int) -n);
      }
      if (n == 0) {
        break;
      }
      target.position(target.position() + (int) n);
    }
    return target.position() - start;
  }

  /** Fills the buffer. */
  public void readFully(ByteBuffer target, long offset) throws ErrnoException, EOFException {
    int wanted = target.remaining();
    int n = read(target, offset);
    if (n < wanted) {
      throw new EOFException(
          path + " ends at " + (offset + n) + ", " + wanted + " bytes wanted at " + offset);
    }
  }

  /** Writes all remaining bytes. */
  public void write(ByteBuffer source, long offset) throws ErrnoException {
    int start = source.position();
    long address = Libc.address(source);
    while (source.hasRemaining()) {
      long n =
          Libc.pwrite(
              fd,
              address + source.position(),
              source.remaining(),
              offset + source.position() - start);
      if (n < 0) {
        throw new ErrnoException("cannot write " + path, (int) -n);
      }
      source.position(source.position() + (int) n);
    }
  }

  public long size() throws ErrnoException {
    FileStatus status = new FileStatus();
    check("cannot stat", PathCalls.stat(fd, status));
    return status.size();
  }

  public void truncate(long size) throws ErrnoException {
    check("cannot truncate", Libc.ftruncate(fd, size));
  }

  /**
   * Makes the file so long and makes room for it on the disk, so that writing there later (also
   * through a mapping) can't fail for space.
   */
  public void allocate(long length) throws ErrnoException {
    int result = Libc.fallocate(fd, 0, 0, length);
    if (result == -EOPNOTSUPP) {
      // ext2, NFS 3 and others can't: zeros take room, too.
      fillWithZeros(size(), length);
    } else {
      check("cannot make room in", result);
    }
  }

  /**
   * Asks for room on the disk, so that blocks need not be found for each write; where the file
   * system can't do that, nothing happens.
   */
  public void reserve(long length) throws ErrnoException {
    int result = Libc.fallocate(fd, 0, 0, length);
    if (result != -EOPNOTSUPP) {
      check("cannot make room in", result);
    }
  }

  private void fillWithZeros(long from, long to) throws ErrnoException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.max(0, Math.min(64 << 10, to - from)));
    for (long at = from; at < to; at += zeros.limit()) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
      write(zeros, at);
    }
  }

  /** Has the system begin to write to the disk what is not there yet. */
  public void startSync() {
    Libc.startWriteback(fd);
  }

  /** Waits until the content is on the disk. */
  public void sync() throws ErrnoException {
    check("cannot sync", Libc.fdatasync(fd));
  }

  private void check(String what, int result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(what + " " + path, -result);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(fd);
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
