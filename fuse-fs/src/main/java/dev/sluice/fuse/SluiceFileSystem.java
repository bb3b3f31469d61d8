package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.capture.CapturedFile;
import dev.sluice.fuse.binding.Errno;
import dev.sluice.fuse.binding.FileOperations;
import dev.sluice.fuse.binding.Kernel;
import dev.sluice.fuse.binding.ReaderRole;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import dev.sluice.sqlite.DatabaseHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The files of a backing directory, with {@link Capture} told of everything that can commit a
 * transaction. What is not part of a database passes through as it is.
 *
 * <p>The kernel may keep names, attributes and content as long as it likes: nothing changes below
 * the mount but through the mount.
 */
final class SluiceFileSystem implements FileOperations {
  /** Where Sluice keeps its own state, below the backing directory; not shown in the mount. */
  static final String STATE_DIRECTORY = ".sluice";

  private static final long FOREVER_SECONDS = 86_400L * 365;

  /** The kernel asks for it before the first write after each GETATTR. */
  private static final String CAPABILITY = "security.capability";

  private static final int SET_ID_BITS = 06000;
  private static final int MODE_BITS = 07777;

  /** What the system takes from the mode of all that this process makes. */
  private final int umask = PathCalls.umask();

  private final String root;
  private final Capture capture;
  private final ReaderRole role;
  private Kernel kernel = Kernel.NONE;
  private final InodeTable inodes = new InodeTable();
  private final ThreadLocal<FileStatus> status = ThreadLocal.withInitial(FileStatus::new);
  private final ConcurrentHashMap<Long, OpenDirectory> directories = new ConcurrentHashMap<>();
  private final AtomicLong nextDirectory = new AtomicLong(1);

  /** {@code root} is the backing directory, absolute, one char a byte. */
  SluiceFileSystem(String root, Capture capture, ReaderRole role) {
    this.root = root;
    this.capture = capture;
    this.role = role;
    capture.onHeadRewritten(this::dropHead);
    FileStatus s = status.get();
    PathCalls.stat(root, s);
    inodes.lock.lock();
    try {
      Inode top = inodes.forBacking(s.device(), s.inode());
      if (top.id != InodeTable.ROOT) {
        throw new IllegalStateException("the root must be the first inode");
      }
    } finally {
      inodes.lock.unlock();
    }
  }

  @Override
  public void mounted(Kernel kernel) {
    this.kernel = kernel;
  }

  // Names.

  @Override
  public int lookup(long parent, String name, Entry out) {
    return namespace(() -> find(inodes.get(parent), name, out));
  }

  private int find(Inode directory, String name, Entry out) {
    out.nodeId = 0;
    out.validSeconds = FOREVER_SECONDS;
    String path = hidden(directory, name) ? null : below(directory, name);
    if (path == null) {
      return -Errno.ENOENT;
    }
    int result = PathCalls.stat(backing(path), status.get());
    if (result == 0) {
      return known(directory, name, out);
    }
    if (result == -Errno.ENOENT && name.endsWith(PositionFile.SUFFIX)) {
      return findPosition(directory, name, path, out);
    }
    return result;
  }

  private int findPosition(Inode directory, String name, String path, Entry out) {
    // A database may appear any time, so the kernel must not remember that there is none.
    out.validSeconds = 0;
    String database = path.substring(0, path.length() - PositionFile.SUFFIX.length());
    Supplier<String> line = capture.position(database);
    if (line == null) {
      return -Errno.ENOENT;
    }
    Inode inode = directory.child(name);
    PositionFile before = inode == null ? null : inode.positionFile;
    if (inode != null && before != null && !before.path().equals(path)) {
      inode.removeLink(directory, name);
      inode = null;
    }
    if (inode == null) {
      inode = inodes.addPositionFile(new PositionFile(path, line));
      inode.addLink(directory, name);
    }
    inode.lookups++;
    out.nodeId = inode.id;
    out.generation = inode.generation;
    positionAttributes(inode, out.attributes);
    return 0;
  }

  /** Answers with an entry for what {@link #status} was just read of. Under the lock. */
  private int known(Inode directory, String name, Entry out) {
    FileStatus s = status.get();
    Inode inode = inodes.forBacking(s.device(), s.inode());
    inode.isDirectory = s.isDirectory();
    Inode before = directory.child(name);
    if (before != inode) {
      if (before != null) {
        before.removeLink(directory, name);
      }
      inode.addLink(directory, name);
    }
    inode.lookups++;
    out.nodeId = inode.id;
    out.generation = inode.generation;
    out.validSeconds = FOREVER_SECONDS;
    fill(out.attributes, s);
    return 0;
  }

  @Override
  public void forget(long id, long count) {
    int held = -1;
    inodes.lock.lock();
    try {
      Inode inode = inodes.get(id);
      inode.lookups = Math.max(0, inode.lookups - count);
      if (inode.lookups == 0 && inode.opens == 0) {
        held = inode.held;
        inode.held = -1;
      }
      inodes.dropIfUnused(inode);
    } finally {
      inodes.lock.unlock();
    }
    if (held >= 0) {
      // The system then frees the blocks of the file, and nobody waits for that.
      role.release();
      Libc.close(held);
    }
  }

  @Override
  public byte @Nullable [] readlink(long id, int[] error) {
    String path = backingPath(inodes.get(id));
    if (path == null) {
      error[0] = -Errno.ENOENT;
      return null;
    }
    return PathCalls.readlink(path, error);
  }

  @Override
  public int mknod(long parent, String name, int mode, int rdev, Caller caller, Entry out) {
    return make(parent, name, mode, caller, out, path -> PathCalls.mknod(path, mode, rdev));
  }

  @Override
  public int mkdir(long parent, String name, int mode, Caller caller, Entry out) {
    return make(parent, name, mode, caller, out, path -> PathCalls.mkdir(path, mode));
  }

  @Override
  public int symlink(long parent, String name, byte[] target, Caller caller, Entry out) {
    return make(parent, name, 0, caller, out, path -> PathCalls.symlink(target, path));
  }

  private interface PathCall {
    int call(String backingPath);
  }

  private int make(long parent, String name, int mode, Caller caller, Entry out, PathCall call) {
    return namespace(
        () -> {
          Inode directory = inodes.get(parent);
          String path = hidden(directory, name) ? null : below(directory, name);
          if (path == null) {
            return -Errno.EPERM;
          }
          int result = call.call(backing(path));
          if (result < 0) {
            return result;
          }
          result = own(directory, backing(path), mode, caller);
          return result < 0 ? result : known(directory, name, out);
        });
  }

  /**
   * What a process makes is its own, although this process made it: its owner, its group unless the
   * directory gives it one, and its mode, of which chown takes the set-id bits and this process's
   * umask others. Leaves in {@link #status} what it is then.
   */
  private int own(Inode directory, String path, int mode, Caller caller) {
    FileStatus s = status.get();
    String parent = backingPath(directory);
    if (caller.uid() != 0 || caller.gid() != 0) {
      boolean inherited =
          parent != null && PathCalls.stat(parent, s) == 0 && (s.mode() & 02000) != 0;
      PathCalls.chown(path, caller.uid(), inherited ? -1 : caller.gid());
    }
    int result = PathCalls.stat(path, s);
    int lost = mode & (umask | SET_ID_BITS) & ~s.mode();
    if (result == 0 && lost != 0 && parent != null && !hasDefaultAcl(parent)) {
      result = PathCalls.chmod(path, (s.mode() | lost) & MODE_BITS);
      if (result == 0) {
        result = PathCalls.stat(path, s);
      }
    }
    return result;
  }

  /** Then the umask of this process has taken nothing. */
  private static boolean hasDefaultAcl(String directory) {
    return PathCalls.getxattr(directory, "system.posix_acl_default", new int[1]) != null;
  }

  @Override
  public int link(long id, long newParent, String newName, Entry out) {
    return namespace(
        () -> {
          String from = backingPath(inodes.get(id));
          Inode directory = inodes.get(newParent);
          String path = hidden(directory, newName) ? null : below(directory, newName);
          if (from == null || path == null) {
            return -Errno.ENOENT;
          }
          int result = PathCalls.link(from, backing(path));
          if (result == 0) {
            result = PathCalls.stat(backing(path), status.get());
          }
          return result < 0 ? result : known(directory, newName, out);
        });
  }

  @Override
  public int unlink(long parent, String name, int caller) {
    Inode directory = inodes.get(parent);
    String path = hidden(directory, name) ? null : pathOf(directory, name);
    if (path == null) {
      return -Errno.ENOENT;
    }
    if (!capture.mayDestroy(path, caller)) {
      return -Errno.EROFS;
    }
    // The end of a rollback journal commits: that may take an fsync, so not under the lock of the
    // names.
    CapturedFile captured = capture.file(path);
    int result = captured == null ? 0 : captured.beforeUnlink();
    if (result < 0) {
      return result;
    }
    result = namespace(() -> remove(directory, name, path));
    if (result == 0 && captured != null) {
      captured.afterUnlink();
    }
    return result;
  }

  private int remove(Inode directory, String name, String path) {
    Inode child = directory.child(name);
    if (child != null && child.positionFile != null) {
      return -Errno.EPERM;
    }
    FileStatus s = status.get();
    int result = PathCalls.stat(backing(path), s);
    boolean last = result == 0 && s.links() == 1;
    if (result < 0) {
      return result;
    }
    hold(child, backing(path));
    result = PathCalls.unlink(backing(path));
    if (result == 0) {
      capture.removed(path);
    }
    if (result == 0 && child != null) {
      child.removeLink(directory, name);
      if (last) {
        inodes.detach(child);
      }
      belongs(child);
    }
    return result;
  }

  /** Before the last known name of something goes: it may be in use without being open. */
  private static void hold(@Nullable Inode inode, String backingPath) {
    if (inode == null || inode.fd >= 0 || inode.held >= 0 || inode.links.size() > 1) {
      return;
    }
    int directory = Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW;
    int fd = inode.isDirectory ? PathCalls.open(backingPath, directory, 0) : -1;
    inode.held = fd >= 0 ? fd : PathCalls.open(backingPath, Libc.O_PATH | Libc.O_NOFOLLOW, 0);
  }

  /** After a name of it has gone: the file is part of the database that its other name says. */
  private void belongs(Inode inode) {
    if (inode.captured != null) {
      String path = inodes.path(inode);
      inode.captured = path == null ? null : capture.file(path);
    }
  }

  @Override
  public int rmdir(long parent, String name) {
    return namespace(
        () -> {
          Inode directory = inodes.get(parent);
          String path = hidden(directory, name) ? null : below(directory, name);
          if (path == null) {
            return -Errno.ENOENT;
          }
          Inode child = directory.child(name);
          hold(child, backing(path));
          int result = PathCalls.rmdir(backing(path));
          if (result == 0 && child != null) {
            child.removeLink(directory, name);
            inodes.detach(child);
          }
          return result;
        });
  }

  @Override
  public int rename(long parent, String name, long newParent, String newName, int flags) {
    return namespace(
        () -> {
          Inode directory = inodes.get(parent);
          Inode newDirectory = inodes.get(newParent);
          String from = hidden(directory, name) ? null : below(directory, name);
          String to = hidden(newDirectory, newName) ? null : below(newDirectory, newName);
          if (from == null || to == null) {
            return -Errno.EPERM;
          }
          boolean exchange = (flags & 2) != 0;
          Inode replaced = newDirectory.child(newName);
          if (!exchange) {
            hold(replaced, backing(to));
          }
          int result =
              capture.rename(
                  from, to, exchange, () -> PathCalls.rename(backing(from), backing(to), flags));
          if (result < 0) {
            return result;
          }
          Inode moved = directory.child(name);
          if (replaced != null) {
            replaced.removeLink(newDirectory, newName);
          }
          if (moved != null) {
            moved.removeLink(directory, name);
            moved.addLink(newDirectory, newName);
          }
          if (replaced != null && exchange) {
            replaced.addLink(directory, name);
          } else if (replaced != null) {
            FileStatus s = status.get();
            // It may have names that nobody has asked for yet.
            if (replaced.links.isEmpty() && (stat(replaced, s) < 0 || isGone(s))) {
              inodes.detach(replaced);
            }
            belongs(replaced);
          }
          recapture(moved);
          recapture(exchange ? replaced : null);
          return 0;
        });
  }

  private static boolean isGone(FileStatus s) {
    return s.isDirectory() || s.links() == 0;
  }

  /** After a rename: the files below have other names and so belong to other databases. */
  private void recapture(@Nullable Inode inode) {
    if (inode == null) {
      return;
    }
    String path = inodes.path(inode);
    if (path != null && inode.captured != null) {
      inode.captured = capture.file(path);
    }
    inode.forEachChild(this::recapture);
  }

  // Attributes.

  @Override
  public int getattr(long id, Attributes out) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      positionAttributes(inode, out);
      return 0;
    }
    FileStatus s = status.get();
    int result = stat(inode, s);
    if (result == 0) {
      fill(out, s);
    }
    return result;
  }

  private int stat(Inode inode, FileStatus s) {
    int fd = inode.fd;
    if (fd >= 0) {
      int result = PathCalls.stat(fd, s);
      if (result == 0 || inode.fd == fd) {
        return result;
      }
    }
    if (inode.held >= 0) {
      return PathCalls.stat(inode.held, s);
    }
    String path = backingPath(inode);
    return path == null ? -Errno.ENOENT : PathCalls.stat(path, s);
  }

  @Override
  public int setattr(long id, AttributeChange change, Attributes out) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      return -Errno.EPERM;
    }
    int fd = inode.fd >= 0 ? inode.fd : inode.held;
    String path = backingPath(inode);
    if (path == null && fd < 0) {
      return -Errno.ENOENT;
    }
    int result = 0;
    if (change.setMode) {
      result =
          path == null
              ? PathCalls.fchmod(fd, change.mode & MODE_BITS)
              : PathCalls.chmod(path, change.mode & MODE_BITS);
    }
    if (result >= 0 && (change.setUid || change.setGid)) {
      int uid = change.setUid ? change.uid : -1;
      int gid = change.setGid ? change.gid : -1;
      result = path == null ? PathCalls.fchown(fd, uid, gid) : PathCalls.chown(path, uid, gid);
    }
    if (result >= 0 && change.setSize) {
      result = truncate(inode, path, change.size, change.caller);
    }
    if (result >= 0 && change.killPrivileges) {
      killPrivileges(inode);
    }
    if (result >= 0 && (change.setAtime || change.setMtime)) {
      result =
          PathCalls.setTimes(
              path,
              fd,
              change.atime,
              change.atimeNow
                  ? PathCalls.UTIME_NOW
                  : change.setAtime ? change.atimeNanos : PathCalls.UTIME_OMIT,
              change.mtime,
              change.mtimeNow
                  ? PathCalls.UTIME_NOW
                  : change.setMtime ? change.mtimeNanos : PathCalls.UTIME_OMIT);
    }
    if (result < 0) {
      return result;
    }
    FileStatus s = status.get();
    result = stat(inode, s);
    if (result == 0) {
      fill(out, s);
    }
    return result;
  }

  private int truncate(Inode inode, @Nullable String path, long size, int caller) {
    if (path != null && !capture.mayTruncate(path.substring(root.length() + 1), size, caller)) {
      return -Errno.EROFS;
    }
    int fd = inode.fd;
    boolean borrowed = fd >= 0 && inode.writable;
    if (!borrowed) {
      if (path == null) {
        return -Errno.ENOENT;
      }
      fd = PathCalls.open(path, Libc.O_RDWR, 0);
      if (fd < 0) {
        return fd;
      }
    }
    CapturedFile captured = inode.captured;
    if (captured == null && path != null) {
      captured = capture.file(path.substring(root.length() + 1));
    }
    int result = captured == null ? Libc.ftruncate(fd, size) : captured.truncate(fd, size);
    if (!borrowed) {
      Libc.close(fd);
    }
    return result;
  }

  private void killPrivileges(Inode inode) {
    FileStatus s = status.get();
    if (stat(inode, s) == 0 && (s.mode() & SET_ID_BITS) != 0) {
      int mode = s.mode() & MODE_BITS & ~04000;
      // Without group execution the bit means mandatory locking, not a privilege.
      if ((mode & 010) != 0) {
        mode &= ~02000;
      }
      int fd = inode.fd;
      String path = backingPath(inode);
      if (path != null) {
        PathCalls.chmod(path, mode);
      } else if (fd >= 0) {
        PathCalls.fchmod(fd, mode);
      }
    }
  }

  // Open files.

  @Override
  public int open(long id, int flags, boolean killPrivileges, int caller, Opened out) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      if ((flags & Libc.O_ACCMODE) != Libc.O_RDONLY) {
        return -Errno.EACCES;
      }
      out.handle = id;
      out.directIo = true;
      out.keepCache = false;
      out.backing = 0;
      return 0;
    }
    return namespace(
        () -> {
          boolean write = (flags & Libc.O_ACCMODE) != Libc.O_RDONLY;
          if ((write || (flags & Libc.O_TRUNC) != 0) && !mayWrite(inode, caller)) {
            return -Errno.EROFS;
          }
          int result = acquire(inode, write);
          if (result == 0 && (flags & Libc.O_TRUNC) != 0) {
            result = truncate(inode, backingPath(inode), 0, caller);
            if (result < 0) {
              surrender(inode);
            } else if (killPrivileges) {
              killPrivileges(inode);
            }
          }
          way(inode, out);
          return result;
        });
  }

  private boolean mayWrite(Inode inode, int caller) {
    String path = inodes.path(inode);
    return path == null || capture.mayOpenForWriting(path, caller);
  }

  /**
   * By which way a handle reads and writes.
   *
   * <p>A rollback journal is written in small pieces, and read only after a crash. Where it can,
   * the kernel does that itself, and the capture looks at the journal when it has to know.
   * Otherwise it is not kept in the kernel's cache: each piece that crosses a page of the cache
   * would come in two requests, and the first write of each journal would have the kernel ask for
   * its capabilities.
   */
  private void way(Inode inode, Opened out) {
    out.handle = inode.id;
    out.backing = inode.backing;
    out.directIo = inode.backing == 0 && isJournal(inodes.path(inode));
    out.keepCache = inode.backing == 0 && !out.directIo;
  }

  private static boolean isJournal(@Nullable String name) {
    return name != null && name.endsWith("-journal");
  }

  /** One more holder of the inode's descriptor. Under the lock. */
  private int acquire(Inode inode, boolean write) {
    if (inode.fd < 0 || (write && !inode.writable)) {
      String path = backingPath(inode);
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

  private void surrender(Inode inode) {
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

  @Override
  public int create(
      long parent,
      String name,
      int flags,
      int mode,
      boolean killPrivileges,
      Caller caller,
      Entry out,
      Opened opened) {
    return namespace(
        () -> {
          Inode directory = inodes.get(parent);
          String path = hidden(directory, name) ? null : below(directory, name);
          if (path == null) {
            return -Errno.EPERM;
          }
          int create = Libc.O_RDWR | Libc.O_CREAT;
          int fd = PathCalls.open(backing(path), create | Libc.O_EXCL, mode & MODE_BITS);
          boolean made = fd >= 0;
          if (fd == -Errno.EEXIST && (flags & Libc.O_EXCL) == 0) {
            if (!capture.mayOpenForWriting(path, caller.pid())) {
              return -Errno.EROFS;
            }
            fd = PathCalls.open(backing(path), create, mode & MODE_BITS);
          }
          if (fd < 0) {
            return fd;
          }
          int result =
              made ? own(directory, backing(path), mode, caller) : PathCalls.stat(fd, status.get());
          if (result == 0) {
            result = known(directory, name, out);
          }
          if (result < 0) {
            Libc.close(fd);
            return result;
          }
          Inode inode = inodes.get(out.nodeId);
          inode.hasNoCapability |= made;
          if (inode.fd < 0) {
            inode.fd = fd;
            inode.writable = true;
            opened(inode, true);
          } else {
            Libc.close(fd);
            result = acquire(inode, true);
          }
          if (result == 0 && (flags & Libc.O_TRUNC) != 0 && out.attributes.size > 0) {
            result = truncate(inode, backing(path), 0, caller.pid());
            if (killPrivileges) {
              killPrivileges(inode);
              out.attributes.mode &= ~SET_ID_BITS;
            }
            out.attributes.size = 0;
          }
          way(inode, opened);
          return result;
        });
  }

  @Override
  public int release(long id, long handle) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      return 0;
    }
    CapturedFile captured = inode.captured;
    int result =
        namespace(
            () -> {
              surrender(inode);
              return 0;
            });
    if (captured != null) {
      captured.released();
    }
    return result;
  }

  @Override
  public int read(long id, long handle, long offset, int size, long address) {
    Inode inode = inodes.get(id);
    PositionFile positionFile = inode.positionFile;
    if (positionFile != null) {
      return readPosition(positionFile, offset, size, address);
    }
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

  private static int readPosition(PositionFile file, long offset, int size, long address) {
    byte[] line = file.line().get().getBytes(StandardCharsets.US_ASCII);
    int n = (int) Math.max(0, Math.min(size, line.length - offset));
    if (n > 0) {
      Libc.copy(line, (int) offset, n, address);
    }
    return n;
  }

  @Override
  public int write(
      long id,
      long handle,
      long offset,
      ByteBuffer data,
      long address,
      boolean killPrivileges,
      int caller) {
    Inode inode = inodes.get(id);
    if (killPrivileges) {
      killPrivileges(inode);
    }
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

  /** Page 1 of a database was written past the kernel, which has to read it again. */
  private void dropHead(String path) {
    // Who has the lock of the names must not wait for a request that others may have to answer.
    long id = inodes.lock.isHeldByCurrentThread() ? 0 : idOf(path);
    if (id > 0) {
      role.mayWait();
      kernel.drop(id, 0, DatabaseHeader.SIZE);
    }
  }

  /** What the kernel calls the file at a path, or 0 when it does not know it. */
  private long idOf(String path) {
    inodes.lock.lock();
    try {
      Inode inode = inodes.get(InodeTable.ROOT);
      for (String name : path.split("/", -1)) {
        inode = inode.child(name);
        if (inode == null) {
          return 0;
        }
      }
      return inode.id;
    } finally {
      inodes.lock.unlock();
    }
  }

  @Override
  public int fsync(long id, long handle, boolean dataOnly, int caller) {
    role.mayWait();
    Inode inode = inodes.get(id);
    CapturedFile captured = inode.captured;
    return captured == null ? sync(inode.fd, dataOnly) : captured.fsync(inode.fd, dataOnly, caller);
  }

  private static int sync(int fd, boolean dataOnly) {
    return dataOnly ? Libc.fdatasync(fd) : Libc.fsync(fd);
  }

  @Override
  public int fallocate(
      long id, long handle, long offset, long length, int mode, boolean killPrivileges) {
    Inode inode = inodes.get(id);
    if (killPrivileges) {
      killPrivileges(inode);
    }
    CapturedFile captured = inode.captured;
    return captured == null
        ? Libc.fallocate(inode.fd, mode, offset, length)
        : captured.fallocate(inode.fd, mode, offset, length);
  }

  @Override
  public long lseek(long id, long handle, long offset, int whence) {
    return Libc.lseek(inodes.get(id).fd, offset, whence);
  }

  // Directories.

  @Override
  public int opendir(long id, Opened out) {
    out.handle = nextDirectory.getAndIncrement();
    out.directIo = false;
    out.keepCache = false;
    out.backing = 0;
    directories.put(out.handle, new OpenDirectory(inodes.get(id)));
    return 0;
  }

  /** An open directory. Listed when it is first read: SQLite opens it to fsync it. */
  private static final class OpenDirectory {
    final Inode inode;
    @Nullable List<PathCalls.Name> names;

    OpenDirectory(Inode inode) {
      this.inode = inode;
    }
  }

  @Override
  public int readdir(long handle, long offset, DirectorySink sink) {
    OpenDirectory directory = directories.get(handle);
    if (directory == null) {
      return -Errno.EBADF;
    }
    List<PathCalls.Name> names = directory.names;
    if (names == null || offset == 0) {
      String path = backingPath(directory.inode);
      int[] error = new int[1];
      names = path == null ? List.of() : PathCalls.list(path, error);
      if (names == null) {
        return error[0];
      }
      directory.names = names;
    }
    for (int i = (int) offset; i < names.size() + 2; i++) {
      boolean taken;
      if (i < 2) {
        taken = sink.entry(numberOf(directory.inode, i == 1), i == 0 ? "." : "..", 4, i + 1);
      } else {
        PathCalls.Name name = names.get(i - 2);
        taken =
            name.name().equals(STATE_DIRECTORY)
                || sink.entry(name.inode(), name.name(), name.type(), i + 1);
      }
      if (!taken) {
        break;
      }
    }
    return 0;
  }

  /** The inode number of a directory, or of the one it is in. */
  private long numberOf(Inode directory, boolean above) {
    if (!above) {
      return directory.backingInode;
    }
    inodes.lock.lock();
    try {
      return directory.links.isEmpty()
          ? directory.backingInode
          : directory.links.get(0).parent().backingInode;
    } finally {
      inodes.lock.unlock();
    }
  }

  @Override
  public int releasedir(long handle) {
    directories.remove(handle);
    return 0;
  }

  @Override
  public int fsyncdir(long id) {
    role.mayWait();
    String path = backingPath(inodes.get(id));
    if (path == null) {
      return 0;
    }
    int fd = PathCalls.open(path, Libc.O_RDONLY, 0);
    if (fd < 0) {
      return fd;
    }
    int result = Libc.fsync(fd);
    Libc.close(fd);
    return result;
  }

  @Override
  public int statfs(FileSystemSpace out) {
    long[] s = new long[11];
    int result = PathCalls.statvfs(root, s);
    out.blockSize = (int) s[0];
    out.fragmentSize = (int) s[1];
    out.blocks = s[2];
    out.blocksFree = s[3];
    out.blocksAvailable = s[4];
    out.files = s[5];
    out.filesFree = s[6];
    out.nameMax = (int) s[10];
    return result;
  }

  // Extended attributes.

  @Override
  public int setxattr(long id, String name, byte[] value, int flags) {
    Inode inode = inodes.get(id);
    String path = backingPath(inode);
    inode.hasNoCapability = false;
    return path == null ? -Errno.EOPNOTSUPP : PathCalls.setxattr(path, name, value, flags);
  }

  @Override
  public byte @Nullable [] getxattr(long id, String name, int[] error) {
    Inode inode = inodes.get(id);
    boolean capability = name.equals(CAPABILITY);
    String path = capability && inode.hasNoCapability ? null : backingPath(inode);
    if (path == null) {
      error[0] = -Errno.ENODATA;
      return null;
    }
    byte[] value = PathCalls.getxattr(path, name, error);
    inode.hasNoCapability |= capability && value == null && error[0] == -Errno.ENODATA;
    return value;
  }

  @Override
  public byte @Nullable [] listxattr(long id, int[] error) {
    String path = backingPath(inodes.get(id));
    return path == null ? new byte[0] : PathCalls.listxattr(path, error);
  }

  @Override
  public int removexattr(long id, String name) {
    String path = backingPath(inodes.get(id));
    return path == null ? -Errno.ENODATA : PathCalls.removexattr(path, name);
  }

  // Shared.

  private interface Work {
    int run();
  }

  /** Runs what reads or changes names, one at a time. */
  private int namespace(Work work) {
    if (!inodes.lock.tryLock()) {
      role.mayWait();
      inodes.lock.lock();
    }
    try {
      return work.run();
    } finally {
      inodes.lock.unlock();
    }
  }

  private static boolean hidden(Inode directory, String name) {
    return directory.id == InodeTable.ROOT && name.equals(STATE_DIRECTORY);
  }

  /** The path of a name in a directory, below the root; null when the directory is gone. */
  private @Nullable String below(Inode directory, String name) {
    String path = inodes.path(directory);
    return path == null ? null : path.isEmpty() ? name : path + '/' + name;
  }

  private String backing(String path) {
    return root + '/' + path;
  }

  /** {@link #below}, with the lock taken. */
  private @Nullable String pathOf(Inode directory, String name) {
    inodes.lock.lock();
    try {
      return below(directory, name);
    } finally {
      inodes.lock.unlock();
    }
  }

  private @Nullable String backingPath(Inode inode) {
    inodes.lock.lock();
    try {
      String path = inodes.path(inode);
      return path == null ? null : path.isEmpty() ? root : backing(path);
    } finally {
      inodes.lock.unlock();
    }
  }

  private static void fill(Attributes out, FileStatus s) {
    out.inode = s.inode();
    out.size = s.size();
    out.blocks = s.blocks();
    out.atime = s.atimeSeconds();
    out.mtime = s.mtimeSeconds();
    out.ctime = s.ctimeSeconds();
    out.atimeNanos = s.atimeNanos();
    out.mtimeNanos = s.mtimeNanos();
    out.ctimeNanos = s.ctimeNanos();
    out.mode = s.mode();
    out.links = s.links();
    out.uid = s.uid();
    out.gid = s.gid();
    out.rdev = s.specialDevice();
    out.blockSize = s.blockSize();
    out.validSeconds = FOREVER_SECONDS;
  }

  private static void positionAttributes(Inode inode, Attributes out) {
    long now = System.currentTimeMillis();
    out.inode = Long.MIN_VALUE | inode.id;
    out.size = PositionFile.SIZE;
    out.blocks = 0;
    out.atime = out.mtime = out.ctime = now / 1000;
    out.atimeNanos = out.mtimeNanos = out.ctimeNanos = (int) (now % 1000) * 1_000_000;
    out.mode = FileStatus.REGULAR | 0444;
    out.links = 1;
    out.uid = 0;
    out.gid = 0;
    out.rdev = 0;
    out.blockSize = 4096;
    out.validSeconds = 0;
  }
}
