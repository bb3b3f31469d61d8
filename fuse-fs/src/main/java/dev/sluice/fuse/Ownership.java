package dev.sluice.fuse;

import dev.sluice.fuse.binding.FileOperations.Caller;
import dev.sluice.os.FileStatus;
import dev.sluice.os.PathCalls;
import org.jspecify.annotations.Nullable;

/**
 * Owners and modes as the application would get them from the system: this process makes and writes
 * the files in its place. Safe for use by many threads.
 */
final class Ownership {
  static final int SET_ID_BITS = 06000;
  static final int MODE_BITS = 07777;

  /** What the system takes from the mode of all that this process makes. */
  private final int umask = PathCalls.umask();

  /**
   * What a process makes is its own, although this process made it: its owner, its group unless the
   * directory gives it one, and its mode, of which chown takes the set-id bits and this process's
   * umask others.
   *
   * @param parent the directory it was made in; null when that is gone
   * @param s gets what it is then
   */
  int give(@Nullable String parent, String path, int mode, Caller caller, FileStatus s) {
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

  /** Whether who runs the file is somebody else. */
  static boolean isPrivileged(FileStatus s) {
    return (s.mode() & SET_ID_BITS) != 0;
  }

  /**
   * Takes set-id bits away, as a write or a change of size does for one who is not privileged.
   *
   * @param path null when it has no name; then {@code fd} is open
   * @param s what it is now
   */
  static void killPrivileges(@Nullable String path, int fd, FileStatus s) {
    int mode = s.mode() & MODE_BITS & ~04000;
    // Without group execution the bit means mandatory locking, not a privilege.
    if ((mode & 010) != 0) {
      mode &= ~02000;
    }
    if (path != null) {
      PathCalls.chmod(path, mode);
    } else if (fd >= 0) {
      PathCalls.fchmod(fd, mode);
    }
  }
}
