package dev.sluice.fuse.binding;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

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

  /**
   * The binding that {@link #toString} calls so.
   *
   * @throws IllegalArgumentException naming the text and what there is
   */
  public static FuseBinding parse(String text) {
    return Arrays.stream(values())
        .filter(binding -> binding.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'"
                        + text
                        + "' is not a FUSE binding; there are "
                        + Arrays.stream(values())
                            .map(FuseBinding::toString)
                            .collect(Collectors.joining(" and "))));
  }
}
