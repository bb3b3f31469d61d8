package dev.sluice.os;

import java.io.IOException;

/**
 * A system call that failed, with its error number, so that a FUSE request can be answered with it.
 */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  private static final int EIO = 5;
  private static final int EACCES = 13;
  private static final int ENOSPC = 28;
  private static final int EROFS = 30;
  private static final int EDQUOT = 122;

  private final int errno;

  /** {@code what} says what was tried and with which file. */
  public ErrnoException(String what, int errno) {
    super(what + ": " + explain(errno));
    this.errno = errno;
  }

  /** The positive error number. */
  public int errno() {
    return errno;
  }

  /** The positive error number to answer with for any failure: that of the disk, or EIO. */
  public static int errnoOf(IOException failure) {
    return failure instanceof ErrnoException e ? e.errno : EIO;
  }

  private static String explain(int errno) {
    return switch (errno) {
      case EIO -> "input/output error (EIO); look at the kernel's log for the disk";
      case EACCES -> "permission denied (EACCES); run as a user who may";
      case ENOSPC -> "no space left on the device (ENOSPC); make room";
      case EROFS -> "read-only filesystem (EROFS)";
      case EDQUOT -> "quota exceeded (EDQUOT); make room";
      default -> "errno " + errno;
    };
  }
}
