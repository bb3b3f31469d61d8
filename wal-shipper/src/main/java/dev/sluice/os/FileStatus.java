package dev.sluice.os;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * What statx(2) says of a file; filled again and again, so that asking allocates nothing. The
 * layout of struct statx is the same on every processor, that of struct stat is not. For use by one
 * thread.
 */
public final class FileStatus {
  public static final int TYPE_MASK = 0170000;
  public static final int DIRECTORY = 0040000;
  public static final int REGULAR = 0100000;
  public static final int SYMLINK = 0120000;

  private static final int BYTES = 256;

  private final Pointer memory = Memory.allocateDirect(Runtime.getSystemRuntime(), BYTES);

  long address() {
    return memory.address();
  }

  public int mode() {
    return memory.getShort(28) & 0xffff;
  }

  public boolean isDirectory() {
    return (mode() & TYPE_MASK) == DIRECTORY;
  }

  public boolean isRegular() {
    return (mode() & TYPE_MASK) == REGULAR;
  }

  public int blockSize() {
    return memory.getInt(4);
  }

  public int links() {
    return memory.getInt(16);
  }

  public int uid() {
    return memory.getInt(20);
  }

  public int gid() {
    return memory.getInt(24);
  }

  public long inode() {
    return memory.getLong(32);
  }

  public long size() {
    return memory.getLong(40);
  }

  /** Allocated blocks of 512 bytes. */
  public long blocks() {
    return memory.getLong(48);
  }

  public long atimeSeconds() {
    return memory.getLong(64);
  }

  public int atimeNanos() {
    return memory.getInt(72);
  }

  public long ctimeSeconds() {
    return memory.getLong(96);
  }

  public int ctimeNanos() {
    return memory.getInt(104);
  }

  public long mtimeSeconds() {
    return memory.getLong(112);
  }

  public int mtimeNanos() {
    return memory.getInt(120);
  }

  /** The device a special file stands for, in the kernel's encoding. */
  public int specialDevice() {
    return device(128);
  }

  /** The device the file lies on. */
  public long device() {
    return device(136) & 0xffffffffL;
  }

  private int device(int at) {
    int major = memory.getInt(at);
    int minor = memory.getInt(at + 4);
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
  }
}
