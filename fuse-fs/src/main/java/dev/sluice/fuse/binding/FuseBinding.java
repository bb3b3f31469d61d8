package dev.sluice.fuse.binding;

import java.nio.file.Path;
import java.util.Locale;

/** By which way requests of the kernel reach {@link FileOperations}. */
public enum FuseBinding {
  /** Requests are read from /dev/fuse and taken apart in Java: no call from C into Java. */
  DEVICE {
    @Override
    Connection connect(Path mountPoint, FileOperations operations, ReaderRole role)
        throws FuseException {
      return DeviceConnection.mount(mountPoint, operations);
    }
  },

  /**
   * libfuse 2 takes them apart and calls jnr-fuse, by path. {@link PathCallbacks} has its limits.
   */
  JNR_FUSE {
    @Override
    Connection connect(Path mountPoint, FileOperations operations, ReaderRole role)
        throws FuseException {
      return JnrFuseConnection.mount(mountPoint, operations, role);
    }
  };

  abstract Connection connect(Path mountPoint, FileOperations operations, ReaderRole role)
      throws FuseException;

  /** {@code device} or {@code jnr-fuse}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
