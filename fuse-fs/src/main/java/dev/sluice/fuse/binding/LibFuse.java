package dev.sluice.fuse.binding;

import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.jspecify.annotations.Nullable;

/**
 * The part of libfuse 2 that mounts: as root by mount(2), otherwise through the setuid helper
 * {@code fusermount}. What comes after, the requests, does not pass through this class.
 */
final class LibFuse {
  private static final int POINTER_BYTES = 8;

  private final Functions functions;
  private final Runtime runtime;

  private LibFuse(Functions functions) {
    this.functions = functions;
    this.runtime = Runtime.getRuntime(functions);
  }

  static LibFuse load() throws FuseException {
    return new LibFuse(load(Functions.class));
  }

  /** Binds an interface to functions of libfuse 2. */
  static <T> T load(Class<T> functions) throws FuseException {
    try {
      return LibraryLoader.create(functions).failImmediately().load("libfuse.so.2");
    } catch (UnsatisfiedLinkError e) {
      throw new FuseException(
          "libfuse 2 is not installed; install it (Debian, Ubuntu: apt-get install libfuse2 fuse3) and try again",
          e);
    }
  }

  /** Mounts and returns the channel; its descriptor is {@link #descriptor}. Null when it failed. */
  @Nullable Pointer mount(String mountPoint, String options) {
    String[] arguments = {"sluice", "-o", options};
    Pointer argv = Memory.allocateDirect(runtime, (arguments.length + 1) * POINTER_BYTES);
    Pointer[] texts = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      byte[] bytes = (arguments[i] + '\0').getBytes(StandardCharsets.UTF_8);
      texts[i] = Memory.allocateDirect(runtime, bytes.length);
      texts[i].put(0, bytes, 0, bytes.length);
      argv.putPointer((long) i * POINTER_BYTES, texts[i]);
    }
    // struct fuse_args { int argc; char **argv; int allocated; }
    Pointer args = Memory.allocateDirect(runtime, 24);
    args.putInt(0, arguments.length);
    args.putPointer(8, argv);
    args.putInt(16, 0);
    try {
      return functions.fuse_mount(mountPoint, args);
    } finally {
      Reference.reachabilityFence(texts);
    }
  }

  int descriptor(Pointer channel) {
    return functions.fuse_chan_fd(channel);
  }

  void unmount(String mountPoint, Pointer channel) {
    functions.fuse_unmount(mountPoint, channel);
  }

  /** Signatures as in fuse_lowlevel.h of libfuse 2.9. */
  public interface Functions {
    @Nullable Pointer fuse_mount(String mountPoint, Pointer args);

    void fuse_unmount(String mountPoint, Pointer channel);

    int fuse_chan_fd(Pointer channel);
  }
}
