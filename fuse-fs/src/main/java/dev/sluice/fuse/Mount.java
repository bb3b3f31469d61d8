package dev.sluice.fuse;

import dev.sluice.capture.Capture;
import dev.sluice.fuse.binding.FuseBinding;
import dev.sluice.fuse.binding.FuseException;
import dev.sluice.fuse.binding.FuseSession;
import dev.sluice.fuse.binding.ReaderRole;
import dev.sluice.fuse.binding.RequestCounts;
import dev.sluice.os.PathCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A backing directory, mounted. Safe for use by many threads. */
public final class Mount implements AutoCloseable {
  /** More than one only so that an fsync or a cold read does not hold up the rest. */
  private static final int THREADS = 8;

  private final FuseSession session;
  private final @Nullable LowLatency lowLatency;

  private Mount(FuseSession session, @Nullable LowLatency lowLatency) {
    this.session = session;
    this.lowLatency = lowLatency;
  }

  /** Makes the capture of a mount. */
  @FunctionalInterface
  public interface CaptureFactory {
    /**
     * Makes it.
     *
     * @param beforeWait to be called on a thread of the filesystem before it waits for a lock or a
     *     disk
     */
    Capture make(Runnable beforeWait) throws IOException;
  }

  /**
   * Mounts {@code data} at {@code mountPoint}; when this returns, the mount serves.
   *
   * @param lowLatency whether processors may not sleep while the mount is busy; null for where that
   *     helps
   * @throws FuseException when it can't be mounted, saying what to do
   * @throws IOException when the capture can't be made
   */
  public static Mount open(
      Path data,
      Path mountPoint,
      CaptureFactory capture,
      FuseBinding binding,
      @Nullable Boolean lowLatency)
      throws IOException {
    ReaderRole role = new ReaderRole();
    String root = PathCalls.raw(data.toAbsolutePath().toString());
    SluiceFileSystem files = new SluiceFileSystem(root, capture.make(role::mayWait), role);
    FuseSession session = FuseSession.mount(binding, mountPoint, files, role, THREADS);
    try {
      return new Mount(session, LowLatency.start(lowLatency, session.requests()::total));
    } catch (FuseException e) {
      session.close();
      throw e;
    }
  }

  /** The process that serves a mount, from the source that the mount table gives for it. */
  public static OptionalLong servedBy(String source) {
    return FuseSession.servedBy(source);
  }

  /** Waits until somebody unmounts it. */
  public void join() throws InterruptedException {
    session.join();
  }

  /** The requests of the kernel answered so far. */
  public RequestCounts requests() {
    return session.requests();
  }

  /** Heap that the threads which answer them have allocated so far. */
  public long allocatedBytes() {
    return session.allocatedBytes();
  }

  /**
   * To be called on a thread that answers a request before it waits for other nodes: others answer
   * meanwhile. On any other thread it does nothing.
   */
  public void leaveToOthers() {
    session.leaveToOthers();
  }

  /** Unmounts. Waits up to {@code graceMillis} for applications to close their files. */
  public void close(long graceMillis) {
    session.close(graceMillis);
    if (lowLatency != null) {
      lowLatency.close();
    }
  }

  @Override
  public void close() {
    close(FuseSession.GRACE_MILLIS);
  }
}
