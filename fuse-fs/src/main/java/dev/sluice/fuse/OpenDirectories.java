package dev.sluice.fuse;

import dev.sluice.fuse.binding.Errno;
import dev.sluice.fuse.binding.FileOperations.DirectorySink;
import dev.sluice.os.PathCalls;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The directories that are open. Safe for use by many threads. */
final class OpenDirectories {
  private final InodeTable inodes;
  private final ConcurrentHashMap<Long, OpenDirectory> open = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1);

  OpenDirectories(InodeTable inodes) {
    this.inodes = inodes;
  }

  /** Gives its handle. */
  long open(Inode directory) {
    long handle = next.getAndIncrement();
    open.put(handle, new OpenDirectory(directory));
    return handle;
  }

  void release(long handle) {
    open.remove(handle);
  }

  /** An open directory. Listed when it is first read: SQLite opens it to fsync it. */
  private static final class OpenDirectory {
    final Inode inode;
    @Nullable List<PathCalls.Name> names;

    OpenDirectory(Inode inode) {
      this.inode = inode;
    }
  }

  /** Lists, from an entry on, until {@code sink} takes no more; without Sluice's own state. */
  int read(long handle, long offset, DirectorySink sink) {
    OpenDirectory directory = open.get(handle);
    if (directory == null) {
      return -Errno.EBADF;
    }
    List<PathCalls.Name> names = directory.names;
    if (names == null || offset == 0) {
      String path = inodes.backingPath(directory.inode);
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
            name.name().equals(SluiceFileSystem.STATE_DIRECTORY)
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
}
