package dev.sluice.fuse;

import dev.sluice.fuse.binding.Errno;
import dev.sluice.os.FileStatus;
import dev.sluice.os.Libc;
import dev.sluice.os.PathCalls;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Every inode the kernel knows. Numbers are small and used again with a new generation, so that
 * finding one is reading an array, without a lock: a number reaches a request only after it was
 * given to the kernel.
 */
final class InodeTable {
  static final long ROOT = 1;

  /** Guards names and counts. Held across the system call that changes them. */
  final ReentrantLock lock = new ReentrantLock();

  private volatile Inode[] byId = new Inode[1024];
  private final Map<BackingId, Inode> byBacking = new HashMap<>();
  private final ArrayDeque<Long> free = new ArrayDeque<>();
  private long nextId = ROOT;
  private long generations;

  private final String root;

  private record BackingId(long device, long inode) {}

  /** {@code root} is the backing directory, absolute, one char a byte. */
  InodeTable(String root) {
    this.root = root;
  }

  Inode get(long id) {
    Inode[] inodes = byId;
    Inode inode = id > 0 && id < inodes.length ? inodes[(int) id] : null;
    if (inode == null) {
      throw new IllegalStateException(
          "the kernel asked for inode " + id + ", which it has forgotten");
    }
    return inode;
  }

  /** The inode of a backing file, made when it is not known yet. Under the lock. */
  Inode forBacking(long device, long backingInode) {
    return byBacking.computeIfAbsent(
        new BackingId(device, backingInode), key -> add(device, backingInode, null));
  }

  /** Under the lock. */
  Inode addPositionFile(PositionFile file) {
    return add(0, 0, file);
  }

  private Inode add(long device, long backingInode, @Nullable PositionFile file) {
    Long reused = free.poll();
    long id = reused != null ? reused : nextId++;
    Inode inode = new Inode(id, ++generations, device, backingInode, file);
    if (id >= byId.length) {
      byId = Arrays.copyOf(byId, byId.length * 2);
    }
    byId[(int) id] = inode;
    return inode;
  }

  /** The last name is gone: the backing filesystem may use its number again. Under the lock. */
  void detach(Inode inode) {
    byBacking.remove(new BackingId(inode.backingDevice, inode.backingInode), inode);
  }

  /**
   * Drops an inode that neither the kernel nor a known child nor an open handle needs. Under the
   * lock.
   */
  void dropIfUnused(Inode inode) {
    if (inode.id == ROOT || inode.lookups > 0 || inode.opens > 0 || inode.hasChildren()) {
      return;
    }
    Inode.Link[] links = inode.links.toArray(Inode.Link[]::new);
    for (Inode.Link link : links) {
      inode.removeLink(link.parent(), link.name());
    }
    detach(inode);
    if (inode.held >= 0) {
      Libc.close(inode.held);
    }
    byId[(int) inode.id] = null;
    free.add(inode.id);
    for (Inode.Link link : links) {
      dropIfUnused(link.parent());
    }
  }

  /**
   * The path below the root, "" for the root itself; null once the last name is gone. Under the
   * lock.
   */
  @Nullable String path(Inode inode) {
    if (inode.id == ROOT) {
      return "";
    }
    if (inode.links.isEmpty()) {
      return null;
    }
    Inode.Link link = inode.links.get(0);
    String parent = path(link.parent());
    if (parent == null) {
      return null;
    }
    return parent.isEmpty() ? link.name() : parent + '/' + link.name();
  }

  /** {@link #path} for who has no lock. */
  @Nullable String pathOf(Inode inode) {
    lock.lock();
    try {
      return path(inode);
    } finally {
      lock.unlock();
    }
  }

  /** The path of a name in a directory, below the root; null when the directory is gone. */
  @Nullable String below(Inode directory, String name) {
    lock.lock();
    try {
      String path = path(directory);
      return path == null ? null : path.isEmpty() ? name : path + '/' + name;
    } finally {
      lock.unlock();
    }
  }

  /** The path of the backing file; null once the last name is gone. */
  @Nullable String backingPath(Inode inode) {
    lock.lock();
    try {
      String path = path(inode);
      return path == null ? null : path.isEmpty() ? root : backing(path);
    } finally {
      lock.unlock();
    }
  }

  /** The backing file at a path below the root. */
  String backing(String path) {
    return root + '/' + path;
  }

  /** What the kernel knows at a path, or null. */
  @Nullable Inode find(String path) {
    lock.lock();
    try {
      Inode inode = get(ROOT);
      for (String name : path.split("/", -1)) {
        inode = inode.child(name);
        if (inode == null) {
          return null;
        }
      }
      return inode;
    } finally {
      lock.unlock();
    }
  }

  /** Reads the attributes of the backing file, be it open, without a name, or neither. */
  int stat(Inode inode, FileStatus into) {
    int fd = inode.fd;
    if (fd >= 0) {
      int result = PathCalls.stat(fd, into);
      if (result == 0 || inode.fd == fd) {
        return result;
      }
    }
    if (inode.held >= 0) {
      return PathCalls.stat(inode.held, into);
    }
    String path = backingPath(inode);
    return path == null ? -Errno.ENOENT : PathCalls.stat(path, into);
  }
}
