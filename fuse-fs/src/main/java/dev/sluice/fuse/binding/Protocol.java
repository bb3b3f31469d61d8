package dev.sluice.fuse.binding;

/** Numbers of the kernel's FUSE protocol, version 7; names as in linux/fuse.h. */
final class Protocol {
  static final int MAJOR = 7;

  /** What this speaks at most: up to here nothing asked of a server that this does not know. */
  static final int MINOR = 40;

  static final int IN_HEADER = 40;
  static final int OUT_HEADER = 16;

  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int READLINK = 5;
  static final int SYMLINK = 6;
  static final int MKNOD = 8;
  static final int MKDIR = 9;
  static final int UNLINK = 10;
  static final int RMDIR = 11;
  static final int RENAME = 12;
  static final int LINK = 13;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int WRITE = 16;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int FSYNC = 20;
  static final int SETXATTR = 21;
  static final int GETXATTR = 22;
  static final int LISTXATTR = 23;
  static final int REMOVEXATTR = 24;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int FSYNCDIR = 30;
  static final int CREATE = 35;
  static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int NOTIFY_REPLY = 41;
  static final int BATCH_FORGET = 42;
  static final int FALLOCATE = 43;
  static final int RENAME2 = 45;
  static final int LSEEK = 46;

  static final int OPCODES = 64;

  static final int INIT_ASYNC_READ = 1;
  static final int INIT_ATOMIC_O_TRUNC = 1 << 3;
  static final int INIT_BIG_WRITES = 1 << 5;
  static final int INIT_PARALLEL_DIROPS = 1 << 18;
  static final int INIT_MAX_PAGES = 1 << 22;
  static final int INIT_CACHE_SYMLINKS = 1 << 23;
  static final int INIT_EXPLICIT_INVAL_DATA = 1 << 25;

  /**
   * Without it the kernel asks for security.capability before every write. It obliges the server to
   * clear the set-id bits where the flags below say so.
   */
  static final int INIT_HANDLE_KILLPRIV_V2 = 1 << 28;

  /** There is a second word of flags. */
  static final int INIT_EXT = 1 << 30;

  /** Files with {@link #FOPEN_DIRECT_IO} can be mapped with MAP_SHARED. Since Linux 6.6. */
  static final int INIT2_DIRECT_IO_ALLOW_MMAP = 1 << (36 - 32);

  /** Handles may read and write a backing file past the server. Since Linux 6.9. */
  static final int INIT2_PASSTHROUGH = 1 << (37 - 32);

  static final int WRITE_KILL_SUIDGID = 1 << 2;
  static final int OPEN_KILL_SUIDGID = 1;

  static final int FATTR_MODE = 1;
  static final int FATTR_UID = 1 << 1;
  static final int FATTR_GID = 1 << 2;
  static final int FATTR_SIZE = 1 << 3;
  static final int FATTR_ATIME = 1 << 4;
  static final int FATTR_MTIME = 1 << 5;
  static final int FATTR_ATIME_NOW = 1 << 7;
  static final int FATTR_MTIME_NOW = 1 << 8;
  static final int FATTR_KILL_SUIDGID = 1 << 11;

  static final int FOPEN_DIRECT_IO = 1;
  static final int FOPEN_KEEP_CACHE = 1 << 1;
  static final int FOPEN_PASSTHROUGH = 1 << 7;

  /** Codes of notifications, which stand where answers have an error. */
  static final int NOTIFY_INVAL_INODE = 2;

  static final int NOTIFY_STORE = 4;

  /** ioctls of the device: take a struct fuse_backing_map of 16 bytes, and a number of 4. */
  static final long BACKING_OPEN = 0x4010e501L;

  static final long BACKING_CLOSE = 0x4004e502L;

  static final int FSYNC_DATA_ONLY = 1;

  private Protocol() {}
}
