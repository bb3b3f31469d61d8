package dev.sluice.fuse;

import dev.sluice.fuse.binding.FileOperations.Attributes;
import dev.sluice.os.FileStatus;

/** What the kernel is told of a file. */
final class InodeAttributes {
  /** For how long it may keep that. */
  static final long FOREVER_SECONDS = 86_400L * 365;

  private InodeAttributes() {}

  static void fill(Attributes out, FileStatus s) {
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

  /** Of a {@link PositionFile}, which changes any time. */
  static void ofPosition(Inode inode, Attributes out) {
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
