package dev.sluice.fuse.binding;

import java.nio.file.Path;
import jnr.ffi.Pointer;

/**
 * Makes the mount by libfuse 2 and leaves everything else to {@link RequestHandler}.
 *
 * <p>The requests are taken from the device itself and not through libfuse's {@code
 * fuse_session_process}: no call from C into Java, no path strings, no second table of inodes that
 * hides unlinked files, and nothing allocated for a read or a write.
 */
final class DeviceConnection implements Connection {
  private final LibFuse libFuse;
  private final Pointer channel;
  private final Path mountPoint;
  private final FileOperations operations;

  private DeviceConnection(
      LibFuse libFuse, Pointer channel, Path mountPoint, FileOperations operations) {
    this.libFuse = libFuse;
    this.channel = channel;
    this.mountPoint = mountPoint;
    this.operations = operations;
  }

  static DeviceConnection mount(Path mountPoint, FileOperations operations) throws FuseException {
    LibFuse libFuse = LibFuse.load();
    Pointer channel = libFuse.mount(mountPoint.toString(), FuseSession.MOUNT_OPTIONS);
    if (channel == null) {
      throw FuseException.refused(mountPoint);
    }
    return new DeviceConnection(libFuse, channel, mountPoint, operations);
  }

  @Override
  public int descriptor() {
    return libFuse.descriptor(channel);
  }

  @Override
  public Kernel kernel() {
    return new DeviceKernel(descriptor());
  }

  @Override
  public Reader newReader() {
    return new RequestHandler(descriptor(), operations);
  }

  @Override
  public void close(boolean busy) {
    libFuse.unmount(mountPoint.toString(), channel);
  }
}
