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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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

  /** The kernel asks for it before the first write after each GETATTR. */
  private static final String CAPABILITY = "security.capability";

  private final String root;
  private final Capture capture;
  private final ReaderRole role;
  private final InodeTable inodes;
  private final ThreadLocal<FileStatus> status = ThreadLocal.withInitial(FileStatus::new);
  private final Names names;
  private final OpenFiles open;
  private final OpenDirectories directories;

  /** {@code root} is the backing directory, absolute, one char a byte. */
  SluiceFileSystem(String root, Capture capture, ReaderRole role) {
    this.root = root;
    this.capture = capture;
    this.role = role;
    this.inodes = new InodeTable(root);
    this.names = new Names(inodes, capture, role);
    this.open = new OpenFiles(inodes, capture, role);
    this.directories = new OpenDirectories(inodes);
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
    open.mounted(kernel);
  }

  // Names.

  @Override
  public int lookup(long parent, String name, Entry out) {
    return names.lookup(inodes.get(parent), name, out);
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
    String path = inodes.backingPath(inodes.get(id));
    if (path == null) {
      error[0] = -Errno.ENOENT;
      return null;
    }
    return PathCalls.readlink(path, error);
  }

  @Override
  public int mknod(long parent, String name, int mode, int rdev, Caller caller, Entry out) {
    return names.make(
        inodes.get(parent), name, mode, caller, out, path -> PathCalls.mknod(path, mode, rdev));
  }

  @Override
  public int mkdir(long parent, String name, int mode, Caller caller, Entry out) {
    return names.make(
        inodes.get(parent), name, mode, caller, out, path -> PathCalls.mkdir(path, mode));
  }

  @Override
  public int symlink(long parent, String name, byte[] target, Caller caller, Entry out) {
    return names.make(
        inodes.get(parent), name, 0, caller, out, path -> PathCalls.symlink(target, path));
  }

  @Override
  public int link(long id, long newParent, String newName, Entry out) {
    return names.link(inodes.get(id), inodes.get(newParent), newName, out);
  }

  @Override
  public int unlink(long parent, String name, int caller) {
    return names.unlink(inodes.get(parent), name, caller);
  }

  @Override
  public int rmdir(long parent, String name) {
    return names.rmdir(inodes.get(parent), name);
  }

  @Override
  public int rename(long parent, String name, long newParent, String newName, int flags) {
    return names.rename(inodes.get(parent), name, inodes.get(newParent), newName, flags);
  }

  // Attributes.

  @Override
  public int getattr(long id, Attributes out) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      InodeAttributes.ofPosition(inode, out);
      return 0;
    }
    FileStatus s = status.get();
    int result = inodes.stat(inode, s);
    if (result == 0) {
      InodeAttributes.fill(out, s);
    }
    return result;
  }

  @Override
  public int setattr(long id, AttributeChange change, Attributes out) {
    Inode inode = inodes.get(id);
    if (inode.positionFile != null) {
      return -Errno.EPERM;
    }
    int fd = inode.fd >= 0 ? inode.fd : inode.held;
    String path = inodes.backingPath(inode);
    if (path == null && fd < 0) {
      return -Errno.ENOENT;
    }
    int result = 0;
    if (change.setMode) {
      result =
          path == null
              ? PathCalls.fchmod(fd, change.mode & Ownership.MODE_BITS)
              : PathCalls.chmod(path, change.mode & Ownership.MODE_BITS);
    }
    if (result >= 0 && (change.setUid || change.setGid)) {
      int uid = change.setUid ? change.uid : -1;
      int gid = change.setGid ? change.gid : -1;
      result = path == null ? PathCalls.fchown(fd, uid, gid) : PathCalls.chown(path, uid, gid);
    }
    if (result >= 0 && change.setSize) {
      result = open.truncate(inode, change.size, change.caller);
    }
    if (result >= 0 && change.killPrivileges) {
      open.killPrivileges(inode);
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
    result = inodes.stat(inode, s);
    if (result == 0) {
      InodeAttributes.fill(out, s);
    }
    return result;
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
    return names.namespace(
        () -> {
          boolean write = (flags & Libc.O_ACCMODE) != Libc.O_RDONLY;
          if ((write || (flags & Libc.O_TRUNC) != 0) && !mayWrite(inode, caller)) {
            return -Errno.EROFS;
          }
          int result = open.acquire(inode, write);
          if (result == 0 && (flags & Libc.O_TRUNC) != 0) {
            result = open.truncate(inode, 0, caller);
            if (result < 0) {
              open.surrender(inode);
            } else if (killPrivileges) {
              open.killPrivileges(inode);
            }
          }
          open.way(inode, out);
          return result;
        });
  }

  private boolean mayWrite(Inode inode, int caller) {
    String path = inodes.path(inode);
    return path == null || capture.mayOpenForWriting(path, caller);
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
    return names.namespace(
        () -> {
          int fd = names.create(inodes.get(parent), name, flags, mode, caller, out);
          if (fd < 0) {
            return fd;
          }
          Inode inode = inodes.get(out.nodeId);
          int result = open.acquire(inode, fd);
          if (result == 0 && (flags & Libc.O_TRUNC) != 0 && out.attributes.size > 0) {
            result = open.truncate(inode, 0, caller.pid());
            if (killPrivileges) {
              open.killPrivileges(inode);
              out.attributes.mode &= ~Ownership.SET_ID_BITS;
            }
            out.attributes.size = 0;
          }
          open.way(inode, opened);
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
        names.namespace(
            () -> {
              open.surrender(inode);
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
    return positionFile == null
        ? open.read(inode, offset, size, address)
        : readPosition(positionFile, offset, size, address);
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
      open.killPrivileges(inode);
    }
    return open.write(inode, offset, data, address, caller);
  }

  @Override
  public int fsync(long id, long handle, boolean dataOnly, int caller) {
    role.mayWait();
    return open.fsync(inodes.get(id), dataOnly, caller);
  }

  @Override
  public int fallocate(
      long id, long handle, long offset, long length, int mode, boolean killPrivileges) {
    Inode inode = inodes.get(id);
    if (killPrivileges) {
      open.killPrivileges(inode);
    }
    return open.fallocate(inode, offset, length, mode);
  }

  @Override
  public long lseek(long id, long handle, long offset, int whence) {
    return Libc.lseek(inodes.get(id).fd, offset, whence);
  }

  // Directories.

  @Override
  public int opendir(long id, Opened out) {
    out.handle = directories.open(inodes.get(id));
    out.directIo = false;
    out.keepCache = false;
    out.backing = 0;
    return 0;
  }

  @Override
  public int readdir(long handle, long offset, DirectorySink sink) {
    return directories.read(handle, offset, sink);
  }

  @Override
  public int releasedir(long handle) {
    directories.release(handle);
    return 0;
  }

  @Override
  public int fsyncdir(long id) {
    role.mayWait();
    String path = inodes.backingPath(inodes.get(id));
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
    String path = inodes.backingPath(inode);
    inode.hasNoCapability = false;
    return path == null ? -Errno.EOPNOTSUPP : PathCalls.setxattr(path, name, value, flags);
  }

  @Override
  public byte @Nullable [] getxattr(long id, String name, int[] error) {
    Inode inode = inodes.get(id);
    boolean capability = name.equals(CAPABILITY);
    String path = capability && inode.hasNoCapability ? null : inodes.backingPath(inode);
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
    String path = inodes.backingPath(inodes.get(id));
    return path == null ? new byte[0] : PathCalls.listxattr(path, error);
  }

  @Override
  public int removexattr(long id, String name) {
    String path = inodes.backingPath(inodes.get(id));
    return path == null ? -Errno.ENODATA : PathCalls.removexattr(path, name);
  }
}
