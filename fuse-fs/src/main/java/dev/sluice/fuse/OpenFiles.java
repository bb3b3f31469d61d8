package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.capture.CapturedFile;
import dev.sluice.fuse.binding.Errno;
import dev.sluice.fuse.binding.FileOperations.Opened;
import dev.sluice.fuse.binding.Kernel;
import dev.sluice.fuse.binding.ReaderRole;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The files that are open: one descriptor of the backing file for all who have it open, what they
 * read and write through it, and what of that the kernel may keep. Answers are those of the system
 * calls, a negative errno for a failure. Safe for use by many threads.
 */
final class OpenFiles {
  private final InodeTable inodes;
  private final Capture capture;
  private final ReaderRole role;
  private final ThreadLocal<FileStatus> status = ThreadLocal.withInitial(FileStatus::new);
  private Kernel kernel = Kernel.NONE;

  OpenFiles(InodeTable inodes, Capture capture, ReaderRole role) {
    this.inodes = inodes;
    this.capture = capture;
    this.role = role;
    capture.onRewritten(this::drop);
  }

  void mounted(Kernel kernel) {
    this.kernel = kernel;
  }

  /** One more holder of the inode's descriptor. Under the lock. */
  int acquire(Inode inode, boolean write) {
    if (inode.fd < 0 || (write && !inode.writable)) {
      String path = inodes.backingPath(inode);
      int known = inode.fd >= 0 ? inode.fd : inode.held;
      if (path == null && known >= 0) {
        path = "/proc/self/fd/" + known;
      }
      if (path == null) {
        return -Errno.ENOENT;
      }
      int fd = PathCalls.open(path, Libc.O_RDWR, 0);
      boolean writable = fd >= 0;
      if (fd < 0 && !write) {
        fd = PathCalls.open(path, Libc.O_RDONLY, 0);
      }
      if (fd < 0) {
        return fd;
      }
      if (inode.fd >= 0) {
        // Requests under way hold the number of the old descriptor: let the number stay.
        Libc.replaceDescriptor(fd, inode.fd);
      } else {
        inode.fd = fd;
      }
      inode.writable = writable;
    }
    opened(inode, write);
    return 0;
  }

  /** The same with a descriptor for reading and writing, just opened, that is this one's now. */
  int acquire(Inode inode, int fd) {
    if (inode.fd >= 0) {
      Libc.close(fd);
      return acquire(inode, true);
    }
    inode.fd = fd;
    inode.writable = true;
    opened(inode, true);
    return 0;
  }

  private void opened(Inode inode, boolean write) {
    inode.opens++;
    String path = inodes.path(inode);
    if (write && inode.captured == null) {
      inode.captured = path == null ? null : capture.file(path);
    }
    if (inode.opens == 1 && inode.writable && isJournal(path)) {
      inode.backing = Math.max(0, kernel.openBacking(inode.fd));
    }
    CapturedFile captured = inode.captured;
    if (captured != null) {
      captured.handles(inode.opens);
      if (inode.backing > 0) {
        captured.bypassed();
      }
    }
  }

  /** One holder less. Under the lock. */
  void surrender(Inode inode) {
    inode.opens--;
    CapturedFile captured = inode.captured;
    if (inode.opens == 0) {
      int fd = inode.fd;
      inode.fd = -1;
      inode.writable = false;
      if (inode.backing > 0) {
        kernel.closeBacking(inode.backing);
        inode.backing = 0;
      }
      Libc.close(fd);
    }
    if (captured != null) {
      captured.handles(inode.opens);
    }
    inodes.dropIfUnused(inode);
  }

  /**
   * By which way a handle reads and writes. Under the lock.
   *
   * <p>A rollback journal is written in small pieces, and read only after a crash. Where it can,
   * the kernel does that itself, and the capture looks at the journal when it has to know.
   * Otherwise it is not kept in the kernel's cache: each piece that crosses a page of the cache
   * would come in two requests, and the first write of each journal would have the kernel ask for
   * its capabilities.
   *
   * <p>Where the kernel can't be told to drop what {@link #drop} says, it begins a WAL anew with
   * each that opens it, as SQLite does before it recovers it.
   */
  void way(Inode inode, Opened out) {
    out.handle = inode.id;
    out.backing = inode.backing;
    String path = inodes.path(inode);
    out.directIo = inode.backing == 0 && isJournal(path);
    boolean stale = kernel == Kernel.NONE && path != null && path.endsWith("-wal");
    out.keepCache = inode.backing == 0 && !out.directIo && !stale;
  }

  private static boolean isJournal(@Nullable String name) {
    return name != null && name.endsWith("-journal");
  }

  /** Gives a file a size, be it open or not. */
  int truncate(Inode inode, long size, int caller) {
    String path = inodes.pathOf(inode);
    int refused = path == null ? 0 : capture.beforeTruncate(path, size, caller);
    if (refused < 0) {
      return refused;
    }
    int fd = inode.fd;
    boolean borrowed = fd >= 0 && inode.writable;
    if (!borrowed) {
      if (path == null) {
        return -Errno.ENOENT;
      }
      fd = PathCalls.open(inodes.backing(path), Libc.O_RDWR, 0);
      if (fd < 0) {
        return fd;
      }
    }
    CapturedFile captured = inode.captured;
    if (captured == null && path != null) {
      captured = capture.file(path);
    }
    int result = captured == null ? Libc.ftruncate(fd, size) : captured.truncate(fd, size);
    if (!borrowed) {
      Libc.close(fd);
    }
    return result;
  }

  void killPrivileges(Inode inode) {
    FileStatus s = status.get();
    if (inodes.stat(inode, s) == 0 && Ownership.isPrivileged(s)) {
      Ownership.killPrivileges(inodes.backingPath(inode), inode.fd, s);
    }
  }

  int read(Inode inode, long offset, int size, long address) {
    int fd = inode.fd;
    long n = Libc.preadCached(fd, address, size, offset);
    if (n >= 0 && n < size && offset + n < sizeOf(fd)) {
      n = -Errno.EAGAIN;
    }
    if (n == -Errno.EAGAIN || n == -Errno.EOPNOTSUPP) {
      role.release();
      n = Libc.pread(fd, address, size, offset);
    }
    return (int) n;
  }

  private long sizeOf(int fd) {
    FileStatus s = status.get();
    return PathCalls.stat(fd, s) == 0 ? s.size() : 0;
  }

  int write(Inode inode, long offset, ByteBuffer data, long address, int caller) {
    CapturedFile captured = inode.captured;
    if (captured == null) {
      return (int) Libc.pwrite(inode.fd, address, data.remaining(), offset);
    }
    long end = offset + data.remaining();
    int result = captured.write(inode.fd, offset, data, address, caller);
    if (result > 0 && captured.isWal()) {
      storeAhead(inode, end);
    }
    return result;
  }

  /**
   * Puts what lies ahead in a WAL that is written anew into the kernel's cache. The kernel sends a
   * page that crosses a page of its cache in one request only where it has the content of that.
   *
   * <p>While a write is answered, the kernel lets nobody else write the file, or truncate it; so
   * what is stored can't be old. The piece behind the one written to is not locked by this write.
   *
   * @param end behind the last byte written
   */
  private void storeAhead(Inode inode, long end) {
    long ahead = (end - 1) / Kernel.MAX_STORE + 1;
    if (ahead == inode.stored) {
      return;
    }
    inode.stored = ahead;
    if ((ahead + 1) * Kernel.MAX_STORE <= sizeOf(inode.fd)) {
      role.release();
      kernel.store(inode.id, inode.fd, ahead * Kernel.MAX_STORE, Kernel.MAX_STORE);
    }
  }

  /** A file was written past the kernel, which has to read that again. */
  private void drop(String path, long offset, long length) {
    // Who has the lock of the names must not wait for a request that others may have to answer.
    Inode inode = inodes.lock.isHeldByCurrentThread() ? null : inodes.find(path);
    if (inode != null) {
      role.mayWait();
      kernel.drop(inode.id, offset, length);
    }
  }

  int fsync(Inode inode, boolean dataOnly, int caller) {
    CapturedFile captured = inode.captured;
    if (captured != null) {
      return captured.fsync(inode.fd, dataOnly, caller);
    }
    return dataOnly ? Libc.fdatasync(inode.fd) : Libc.fsync(inode.fd);
  }

  int fallocate(Inode inode, long offset, long length, int mode) {
    CapturedFile captured = inode.captured;
    return captured == null
        ? Libc.fallocate(inode.fd, mode, offset, length)
        : captured.fallocate(inode.fd, mode, offset, length);
  }
}
