package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.capture.CapturedFile;
import dev.sluice.fuse.binding.Errno;
import dev.sluice.fuse.binding.FileOperations.Caller;
import dev.sluice.fuse.binding.FileOperations.Entry;
import dev.sluice.fuse.binding.ReaderRole;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The names below the mount: what they stand for, and what makes, moves and removes them. Answers
 * are those of the system calls, a negative errno for a failure. Safe for use by many threads; one
 * changes names at a time.
 */
final class Names {
  private final InodeTable inodes;
  private final Capture capture;
  private final ReaderRole role;
  private final Ownership ownership = new Ownership();
  private final ThreadLocal<FileStatus> status = ThreadLocal.withInitial(FileStatus::new);

  Names(InodeTable inodes, Capture capture, ReaderRole role) {
    this.inodes = inodes;
    this.capture = capture;
    this.role = role;
  }

  int lookup(Inode directory, String name, Entry out) {
    return namespace(() -> find(directory, name, out));
  }

  private int find(Inode directory, String name, Entry out) {
    out.nodeId = 0;
    out.validSeconds = InodeAttributes.FOREVER_SECONDS;
    String path = hidden(directory, name) ? null : inodes.below(directory, name);
    if (path == null) {
      return -Errno.ENOENT;
    }
    int result = PathCalls.stat(inodes.backing(path), status.get());
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
    InodeAttributes.ofPosition(inode, out.attributes);
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
    out.validSeconds = InodeAttributes.FOREVER_SECONDS;
    InodeAttributes.fill(out.attributes, s);
    return 0;
  }

  /** Makes something at a path below the backing directory. */
  interface PathCall {
    int call(String backingPath);
  }

  int make(Inode directory, String name, int mode, Caller caller, Entry out, PathCall call) {
    return namespace(
        () -> {
          String path = hidden(directory, name) ? null : inodes.below(directory, name);
          if (path == null) {
            return -Errno.EPERM;
          }
          int result = call.call(inodes.backing(path));
          if (result < 0) {
            return result;
          }
          result = own(directory, path, mode, caller);
          return result < 0 ? result : known(directory, name, out);
        });
  }

  /**
   * Opens a file for reading and writing, and makes it when there is none. Under the lock.
   *
   * @return its descriptor, for the caller to close
   */
  int create(Inode directory, String name, int flags, int mode, Caller caller, Entry out) {
    String path = hidden(directory, name) ? null : inodes.below(directory, name);
    if (path == null) {
      return -Errno.EPERM;
    }
    String backing = inodes.backing(path);
    int create = Libc.O_RDWR | Libc.O_CREAT;
    int fd = PathCalls.open(backing, create | Libc.O_EXCL, mode & Ownership.MODE_BITS);
    boolean made = fd >= 0;
    if (fd == -Errno.EEXIST && (flags & Libc.O_EXCL) == 0) {
      if (!capture.mayOpenForWriting(path, caller.pid())) {
        return -Errno.EROFS;
      }
      fd = PathCalls.open(backing, create, mode & Ownership.MODE_BITS);
    }
    if (fd < 0) {
      return fd;
    }
    int result = made ? own(directory, path, mode, caller) : PathCalls.stat(fd, status.get());
    if (result == 0) {
      result = known(directory, name, out);
    }
    if (result < 0) {
      Libc.close(fd);
      return result;
    }
    inodes.get(out.nodeId).hasNoCapability |= made;
    return fd;
  }

  /** Leaves in {@link #status} what it is then. */
  private int own(Inode directory, String path, int mode, Caller caller) {
    return ownership.give(
        inodes.backingPath(directory), inodes.backing(path), mode, caller, status.get());
  }

  int link(Inode inode, Inode directory, String newName, Entry out) {
    return namespace(
        () -> {
          String from = inodes.backingPath(inode);
          String path = hidden(directory, newName) ? null : inodes.below(directory, newName);
          if (from == null || path == null) {
            return -Errno.ENOENT;
          }
          int result = PathCalls.link(from, inodes.backing(path));
          if (result == 0) {
            result = PathCalls.stat(inodes.backing(path), status.get());
          }
          return result < 0 ? result : known(directory, newName, out);
        });
  }

  int unlink(Inode directory, String name, int caller) {
    String path = hidden(directory, name) ? null : inodes.below(directory, name);
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
    int result = PathCalls.stat(inodes.backing(path), s);
    boolean last = result == 0 && s.links() == 1;
    if (result < 0) {
      return result;
    }
    hold(child, inodes.backing(path));
    result = PathCalls.unlink(inodes.backing(path));
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

  int rmdir(Inode directory, String name) {
    return namespace(
        () -> {
          String path = hidden(directory, name) ? null : inodes.below(directory, name);
          if (path == null) {
            return -Errno.ENOENT;
          }
          Inode child = directory.child(name);
          hold(child, inodes.backing(path));
          int result = PathCalls.rmdir(inodes.backing(path));
          if (result == 0 && child != null) {
            child.removeLink(directory, name);
            inodes.detach(child);
          }
          return result;
        });
  }

  int rename(Inode directory, String name, Inode newDirectory, String newName, int flags) {
    return namespace(
        () -> {
          String from = hidden(directory, name) ? null : inodes.below(directory, name);
          String to = hidden(newDirectory, newName) ? null : inodes.below(newDirectory, newName);
          if (from == null || to == null) {
            return -Errno.EPERM;
          }
          boolean exchange = (flags & 2) != 0;
          Inode replaced = newDirectory.child(newName);
          if (!exchange) {
            hold(replaced, inodes.backing(to));
          }
          int result =
              capture.rename(
                  from,
                  to,
                  exchange,
                  () -> PathCalls.rename(inodes.backing(from), inodes.backing(to), flags));
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
            if (replaced.links.isEmpty() && (inodes.stat(replaced, s) < 0 || isGone(s))) {
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

  /** What {@link #namespace} runs. */
  interface Work {
    int run();
  }

  /** Runs what reads or changes names, one at a time. */
  int namespace(Work work) {
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
    return directory.id == InodeTable.ROOT && name.equals(SluiceFileSystem.STATE_DIRECTORY);
  }
}
