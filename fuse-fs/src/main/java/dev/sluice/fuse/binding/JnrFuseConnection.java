package dev.sluice.fuse.binding;

import dev.sluice.os.Libc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import jnr.ffi.Pointer;
import jnr.ffi.byref.IntByReference;
import jnr.ffi.byref.PointerByReference;
import org.jspecify.annotations.Nullable;

/**
 * A session of libfuse 2 that Java threads drive.
 *
 * <p>jnr-fuse's own {@code mount()} lets libfuse's threads call into Java, and each call then
 * attaches its thread to the JVM and sleeps in between; that is several times slower. So here the
 * threads are Java's: they ask {@code fuse_chan_recv} for a request and hand it to {@code
 * fuse_session_process}, which calls {@link PathCallbacks} on the same thread.
 *
 * <pre>
 *   /dev/fuse ─► fuse_chan_recv ─► fuse_session_process ─► PathCallbacks ─► FileOperations
 *                                  (inode → path)          (path → inode)
 * </pre>
 */
final class JnrFuseConnection implements Connection {
  /** As long as the kernel likes; 128 KiB is the largest write libfuse 2 takes. */
  private static final String OPTIONS =
      FuseSession.MOUNT_OPTIONS
          + ",big_writes,max_write=131072,hard_remove,use_ino"
          + ",entry_timeout=31536000,attr_timeout=31536000,negative_timeout=31536000";

  private final Functions functions;
  private final Pointer fuse;
  private final Pointer session;
  private final Pointer channel;
  private final Pointer mountPoint;
  private final PathCallbacks callbacks;
  private final ReaderRole role;

  /** Requests under way that libfuse locks paths for. */
  private final AtomicInteger onPaths = new AtomicInteger();

  private JnrFuseConnection(
      Functions functions,
      Pointer fuse,
      Pointer mountPoint,
      PathCallbacks callbacks,
      ReaderRole role) {
    this.functions = functions;
    this.fuse = fuse;
    this.session = functions.fuse_get_session(fuse);
    this.channel = functions.fuse_session_next_chan(session, null);
    this.mountPoint = mountPoint;
    this.callbacks = callbacks;
    this.role = role;
  }

  static JnrFuseConnection mount(Path mountPoint, FileOperations operations, ReaderRole role)
      throws FuseException {
    Functions functions = LibFuse.load(Functions.class);
    PathCallbacks callbacks = new PathCallbacks(operations);
    String[] arguments = {"sluice", mountPoint.toString(), "-f", "-o", OPTIONS};
    PointerByReference mounted = new PointerByReference();
    Pointer fuse =
        functions.fuse_setup(
            arguments.length,
            arguments,
            callbacks.table(),
            callbacks.tableBytes(),
            mounted,
            new IntByReference(),
            null);
    if (fuse == null) {
      throw FuseException.refused(mountPoint);
    }
    return new JnrFuseConnection(functions, fuse, mounted.getValue(), callbacks, role);
  }

  @Override
  public int descriptor() {
    return functions.fuse_chan_fd(channel);
  }

  @Override
  public Reader newReader() {
    return new Requests();
  }

  @Override
  public void close(boolean busy) {
    if (busy) {
      // Ends the mount for its users. What the session occupies is in use until the process ends.
      Libc.close(descriptor());
    } else {
      functions.fuse_teardown(fuse, mountPoint);
    }
  }

  private final class Requests implements Reader {
    private final ByteBuffer request =
        ByteBuffer.allocateDirect((int) functions.fuse_chan_bufsize(channel))
            .order(ByteOrder.nativeOrder());
    private final long address = Libc.address(request);
    private final int descriptor = descriptor();

    /** A {@code struct fuse_chan **}, which libfuse may set to another one. */
    private final ByteBuffer source = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());

    private final long sourceAddress = Libc.address(source);

    @Override
    public long read() {
      source.putLong(0, channel.address());
      int n = functions.fuse_chan_recv(sourceAddress, address, request.capacity());
      // libfuse says so when it has been unmounted.
      return n == 0 ? -Errno.ENODEV : n;
    }

    @Override
    public int handle(int length) {
      int opcode = request.getInt(4);
      boolean onPath = !isByHandle(opcode);
      // libfuse lets a request wait, on this thread, while another changes a name in its path.
      if (onPath && onPaths.getAndIncrement() > 0) {
        role.release();
      }
      callbacks.begin(descriptor, request, address);
      try {
        functions.fuse_session_process(session, address, length, channel);
      } finally {
        if (onPath) {
          onPaths.decrementAndGet();
        }
      }
      return opcode;
    }

    private boolean isByHandle(int opcode) {
      return switch (opcode) {
        case Protocol.READ, Protocol.WRITE, Protocol.FSYNC, Protocol.FORGET -> true;
        default -> false;
      };
    }
  }

  /** Signatures as in fuse.h and fuse_lowlevel.h of libfuse 2.9; addresses and sizes as 64 bits. */
  public interface Functions {
    @Nullable Pointer fuse_setup(
        int argc,
        String[] argv,
        Pointer operations,
        long operationsBytes,
        PointerByReference mountPoint,
        IntByReference multithreaded,
        @Nullable Pointer userData);

    void fuse_teardown(Pointer fuse, Pointer mountPoint);

    Pointer fuse_get_session(Pointer fuse);

    Pointer fuse_session_next_chan(Pointer session, @Nullable Pointer channel);

    int fuse_chan_fd(Pointer channel);

    long fuse_chan_bufsize(Pointer channel);

    int fuse_chan_recv(long channel, long buffer, long bytes);

    void fuse_session_process(Pointer session, long buffer, long bytes, Pointer channel);
  }
}
