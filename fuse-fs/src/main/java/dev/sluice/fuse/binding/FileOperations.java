package dev.sluice.fuse.binding;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A filesystem as the kernel asks it: by inode, never by path.
 *
 * <p>Every method returns 0 (or a count) when it worked and a negative errno when not; nothing is
 * thrown for what the caller did. Names are the raw bytes of the file name, one per char
 * (ISO-8859-1), because the kernel promises no encoding. Memory is given by address so that the
 * path of a write allocates nothing. Methods are called by several threads at once.
 */
public interface FileOperations {
  /** Before the first request. */
  default void mounted(Kernel kernel) {}

  /** Finds {@code name} in a directory and counts one lookup of it. */
  int lookup(long parent, String name, Entry out);

  /** The kernel forgets {@code count} lookups of an inode. */
  void forget(long inode, long count);

  int getattr(long inode, Attributes out);

  int setattr(long inode, AttributeChange change, Attributes out);

  /** The target of a symbolic link, as raw bytes; or null with the errno in {@code error[0]}. */
  byte @Nullable [] readlink(long inode, int[] error);

  int mknod(long parent, String name, int mode, int rdev, Caller caller, Entry out);

  int mkdir(long parent, String name, int mode, Caller caller, Entry out);

  int symlink(long parent, String name, byte[] target, Caller caller, Entry out);

  int link(long inode, long newParent, String newName, Entry out);

  /** {@code caller}: the thread that unlinks, as the system numbers it. */
  int unlink(long parent, String name, int caller);

  int rmdir(long parent, String name);

  /** {@code flags} are those of renameat2(2). */
  int rename(long parent, String name, long newParent, String newName, int flags);

  /**
   * {@code killPrivileges}: O_TRUNC takes the set-id bits away; {@code caller}: the thread that
   * opens, as the system numbers it.
   */
  int open(long inode, int flags, boolean killPrivileges, int caller, Opened out);

  int create(
      long parent,
      String name,
      int flags,
      int mode,
      boolean killPrivileges,
      Caller caller,
      Entry out,
      Opened opened);

  int release(long inode, long handle);

  /** Reads up to {@code size} bytes to {@code address}. */
  int read(long inode, long handle, long offset, int size, long address);

  /**
   * Writes {@code data} between its position and limit; {@code address} is that of the first byte.
   * The position afterwards is undefined.
   *
   * @param caller the thread that writes, as the system numbers it
   */
  int write(
      long inode,
      long handle,
      long offset,
      ByteBuffer data,
      long address,
      boolean killPrivileges,
      int caller);

  int fsync(long inode, long handle, boolean dataOnly, int caller);

  int fallocate(
      long inode, long handle, long offset, long length, int mode, boolean killPrivileges);

  /** SEEK_DATA (3) and SEEK_HOLE (4); the offset found or a negative errno. */
  long lseek(long inode, long handle, long offset, int whence);

  int opendir(long inode, Opened out);

  int readdir(long handle, long offset, DirectorySink sink);

  int releasedir(long handle);

  int fsyncdir(long inode);

  int statfs(FileSystemSpace out);

  int setxattr(long inode, String name, byte[] value, int flags);

  /** The value, or null with the errno in {@code error[0]}. */
  byte @Nullable [] getxattr(long inode, String name, int[] error);

  /** The names, each ended by a zero byte, or null with the errno in {@code error[0]}. */
  byte @Nullable [] listxattr(long inode, int[] error);

  int removexattr(long inode, String name);

  /** Who asks: ids of the calling process. */
  record Caller(int uid, int gid, int pid) {}

  /** What stat(2) shows. Times are seconds and nanoseconds since the epoch. */
  final class Attributes {
    public long inode;
    public long size;
    public long blocks;
    public long atime;
    public long mtime;
    public long ctime;
    public int atimeNanos;
    public int mtimeNanos;
    public int ctimeNanos;
    public int mode;
    public int links;
    public int uid;
    public int gid;
    public int rdev;
    public int blockSize;

    /** How long the kernel may keep this, in seconds; 0 for files that change by themselves. */
    public long validSeconds;
  }

  /** A directory entry with its inode. */
  final class Entry {
    /** 0: there is no such name, and the kernel may remember that. */
    public long nodeId;

    public long generation;
    public long validSeconds;
    public final Attributes attributes = new Attributes();
  }

  /** An open file or directory. */
  final class Opened {
    public long handle;
    public boolean directIo;
    public boolean keepCache;

    /** Of {@link Kernel#openBacking}; otherwise 0. All open handles of an inode have the same. */
    public int backing;
  }

  /** What a setattr asks for; a field counts when its flag is set. */
  final class AttributeChange {
    public boolean setMode;
    public boolean setUid;
    public boolean setGid;
    public boolean setSize;
    public boolean setAtime;
    public boolean setMtime;
    public boolean atimeNow;
    public boolean mtimeNow;
    public boolean killPrivileges;

    /** The thread that asks, as the system numbers it. */
    public int caller;

    public int mode;
    public int uid;
    public int gid;
    public long size;
    public long atime;
    public long mtime;
    public int atimeNanos;
    public int mtimeNanos;
  }

  /** Takes the entries of a directory; false when the kernel's buffer is full. */
  interface DirectorySink {
    boolean entry(long inode, String name, int type, long nextOffset);
  }

  /** What statfs(2) shows. */
  final class FileSystemSpace {
    public long blocks;
    public long blocksFree;
    public long blocksAvailable;
    public long files;
    public long filesFree;
    public int blockSize;
    public int fragmentSize;
    public int nameMax;
  }
}
