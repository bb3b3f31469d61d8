package dev.sluice.connection;

import static java.util.Objects.requireNonNull;

import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.ReadAt;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A descriptor with positional I/O and locks of its open file description; errors name the file.
 * Never mapped: the file may lie in a filesystem that this JVM serves.
 */
public final class LockedFile implements AutoCloseable {
  private static final long MAX_PAUSE_NANOS = 2_000_000;

  private final Path path;
  private final int fd;

  private LockedFile(Path path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /** Opens a file for reading and writing, and creates it if need be. */
  public static LockedFile open(Path path) throws IOException {
    int fd = Libc.open(path.toString(), Libc.O_RDWR | Libc.O_CREAT, 0644);
    if (fd < 0) {
      throw error(path, "open", fd);
    }
    return new LockedFile(path, fd);
  }

  /** Opens a file for reading and writing, if it is there. */
  public static Optional<LockedFile> openExisting(Path path) throws IOException {
    int fd = Libc.open(path.toString(), Libc.O_RDWR, 0);
    if (fd == -Libc.ENOENT) {
      return Optional.empty();
    }
    if (fd < 0) {
      throw error(path, "open", fd);
    }
    return Optional.of(new LockedFile(path, fd));
  }

  /**
   * Opens a file that belongs to a database, and creates it if need be with the owner and the
   * permissions of the database, so that whoever can open the one can open the other.
   */
  public static LockedFile openBeside(Path database, String suffix) throws IOException {
    Path path = database.resolveSibling(database.getFileName() + suffix);
    boolean isNew = !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    LockedFile file = open(path);
    if (isNew) {
      try {
        file.takeOwnerOf(database);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    }
    return file;
  }

  private void takeOwnerOf(Path database) throws IOException {
    Owner mine = Owner.of(path);
    Owner of = Owner.of(database);
    if (mine.mode != of.mode) {
      check("chmod", Libc.fchmod(fd, of.mode));
    }
    if (mine.uid != of.uid || mine.gid != of.gid) {
      check("chown", Libc.fchown(fd, of.uid, of.gid));
    }
  }

  private record Owner(int mode, int uid, int gid) {
    static Owner of(Path path) throws IOException {
      Map<String, Object> found = Files.readAttributes(path, "unix:mode,uid,gid");
      return new Owner(
          (int) requireNonNull(found.get("mode")) & 0777,
          (int) requireNonNull(found.get("uid")),
          (int) requireNonNull(found.get("gid")));
    }
  }

  public Path path() {
    return path;
  }

  /** Reads up to {@code length} bytes to index {@code at} of the buffer; fewer only at the end. */
  public int read(NativeBuffer buffer, int at, int length, long offset) throws IOException {
    int done = 0;
    while (done < length) {
      long n =
          check("read", Libc.pread(fd, buffer.address() + at + done, length - done, offset + done));
      if (n == 0) {
        break;
      }
      done += (int) n;
    }
    return done;
  }

  /** Reads until the direct buffer is full or the file ends; returns the number of bytes read. */
  public int read(ByteBuffer target, long offset) throws IOException {
    int start = target.position();
    long address = Libc.address(target);
    while (target.hasRemaining()) {
      long n =
          check(
              "read",
              Libc.pread(
                  fd,
                  address + target.position(),
                  target.remaining(),
                  offset + target.position() - start));
      if (n == 0) {
        break;
      }
      target.position(target.position() + (int) n);
    }
    return target.position() - start;
  }

  public void write(NativeBuffer buffer, int at, int length, long offset) throws IOException {
    int done = 0;
    while (done < length) {
      done +=
          (int)
              check(
                  "write",
                  Libc.pwrite(fd, buffer.address() + at + done, length - done, offset + done));
    }
  }

  /** Writes the remaining bytes of a direct buffer. */
  public void write(ByteBuffer source, long offset) throws IOException {
    int start = source.position();
    long address = Libc.address(source);
    while (source.hasRemaining()) {
      long n =
          check(
              "write",
              Libc.pwrite(
                  fd,
                  address + source.position(),
                  source.remaining(),
                  offset + source.position() - start));
      source.position(source.position() + (int) n);
    }
  }

  /** This file for the readers of formats; through a borrowed buffer, as they may bring any. */
  public ReadAt reader() {
    return (target, position) -> {
      NativeBuffer buffer = NativeBuffer.borrow();
      try {
        int n = read(buffer, 0, Math.min(target.remaining(), NativeBuffer.IO_BYTES), position);
        ByteBuffer from = buffer.bytes().slice(0, n);
        target.put(from);
        return n;
      } finally {
        buffer.giveBack();
      }
    };
  }

  /** What the system says of the file. */
  public void status(FileStatus into) throws IOException {
    check("stat", PathCalls.stat(fd, into));
  }

  public long size() throws IOException {
    return check("seek", Libc.size(fd));
  }

  public void truncate(long sizeBytes) throws IOException {
    check("truncate", Libc.ftruncate(fd, sizeBytes));
  }

  public void sync() throws IOException {
    check("fsync", Libc.fdatasync(fd));
  }

  /** Takes or converts a lock if nobody is in the way. */
  public boolean tryLock(int type, long start, long length) throws IOException {
    int rc = Libc.lock(fd, type, start, length);
    if (rc == -Libc.EAGAIN || rc == -Libc.EACCES) {
      return false;
    }
    check("lock", rc);
    return true;
  }

  public boolean tryRead(long start, long length) throws IOException {
    return tryLock(Libc.F_RDLCK, start, length);
  }

  public boolean tryWrite(long start, long length) throws IOException {
    return tryLock(Libc.F_WRLCK, start, length);
  }

  public void unlock(long start, long length) throws IOException {
    check("unlock", Libc.lock(fd, Libc.F_UNLCK, start, length));
  }

  /** Whether a lock of someone else is in the way of a write lock. */
  public boolean isLockedByOther(long start, long length) throws IOException {
    return check("lock", Libc.isLockedByOther(fd, Libc.F_WRLCK, start, length)) != 0;
  }

  /** Something that succeeds once other connections have let go of their locks. */
  @FunctionalInterface
  public interface Attempt {
    boolean succeeds() throws IOException;
  }

  /**
   * Tries until it succeeds or the time is over. The kernel's waiting lock has no time limit, so
   * this asks again, as SQLite's busy handler does.
   */
  public void within(int timeoutMillis, String lock, Attempt attempt) throws IOException {
    long start = System.nanoTime();
    long pause = 50_000;
    while (!attempt.succeeds()) {
      if (System.nanoTime() - start >= timeoutMillis * 1_000_000L) {
        throw new ConnectionBusyException(path, lock, timeoutMillis);
      }
      LockSupport.parkNanos(this, pause);
      pause = Math.min(pause * 2, MAX_PAUSE_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException(path + ": interrupted while waiting for " + lock);
      }
    }
  }

  private long check(String call, long result) throws IOException {
    if (result < 0) {
      throw error(path, call, result);
    }
    return result;
  }

  private static IOException error(Path path, String call, long result) {
    return new IOException(path + ": " + call + ": " + Libc.describe((int) -result));
  }

  /** Closing releases the locks. */
  @Override
  public void close() {
    Libc.close(fd);
  }
}
