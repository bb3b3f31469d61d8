package dev.sluice.fuse.binding;

import com.sun.management.ThreadMXBean;
import dev.sluice.os.Libc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One mount and the Java threads that read its requests and answer them, by one {@link FuseBinding}
 * or the other. Safe for use by many threads.
 */
public final class FuseSession implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FuseSession.class);

  /** How often the device is asked again before the thread sleeps: some 200 µs. */
  private static final int SPINS = 500;

  /** How long {@link #close()} waits for files to be closed. */
  public static final int GRACE_MILLIS = 2000;

  /**
   * A thread for each database that commits at one moment, and waits for other nodes. Beyond that
   * requests wait until one is answered; each has buffers of some 300 KB.
   */
  private static final int MAX_THREADS = 256;

  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  private static final String SOURCE = "sluice:";

  /** What both bindings mount with; the kernel checks permissions. */
  static final String MOUNT_OPTIONS =
      "fsname="
          + SOURCE
          + ProcessHandle.current().pid()
          + ",subtype=sluice,default_permissions"
          + (ROOT ? ",allow_other" : "");

  private final Connection connection;
  private final int device;
  private final Path mountPoint;
  private final ReaderRole role;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final AtomicBoolean unmounted = new AtomicBoolean();
  private final RequestCounts requests = new RequestCounts();
  private @Nullable ConnectionGuard guard;

  /** Requests wait for other nodes: then there are as many threads as it takes. */
  private volatile boolean elastic;

  private volatile boolean ended;

  private FuseSession(Connection connection, Path mountPoint, ReaderRole role) {
    this.connection = connection;
    this.device = connection.descriptor();
    this.mountPoint = mountPoint;
    this.role = role;
  }

  /**
   * Mounts at {@code mountPoint} and starts {@code threadCount} threads that serve it.
   *
   * @throws FuseException when it can't be mounted, saying what to do
   */
  public static FuseSession mount(
      FuseBinding binding,
      Path mountPoint,
      FileOperations operations,
      ReaderRole role,
      int threadCount)
      throws FuseException {
    if (!Files.exists(Path.of("/dev/fuse"))) {
      throw new FuseException(
          "this system has no /dev/fuse; load the module (modprobe fuse), or in a container pass"
              + " --device /dev/fuse --cap-add SYS_ADMIN");
    }
    Connection connection = binding.connect(mountPoint, operations, role);
    FuseSession session = new FuseSession(connection, mountPoint, role);
    Libc.setNonBlocking(session.device);
    operations.mounted(connection.kernel());
    for (int i = 0; i < threadCount; i++) {
      session.startThread();
    }
    role.onStarved(session::addThread);
    session.guard = ConnectionGuard.start(mountPoint);
    return session;
  }

  private void startThread() {
    Thread thread = new Thread(this::serve, "fuse-" + threads.size());
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void addThread() {
    if (!elastic) {
      return;
    }
    synchronized (threads) {
      if (!ended && threads.size() < MAX_THREADS) {
        startThread();
      }
    }
  }

  /**
   * The calling thread, if it is one of this session, is about to wait for other nodes, for seconds
   * perhaps: others answer requests meanwhile, more than there were if need be.
   */
  public void leaveToOthers() {
    elastic = true;
    role.release();
  }

  /** The process that serves the mount whose source the mount table gives as {@code source}. */
  public static OptionalLong servedBy(String source) {
    String pid = source.startsWith(SOURCE) ? source.substring(SOURCE.length()) : "";
    return pid.matches("\\d{1,9}") ? OptionalLong.of(Long.parseLong(pid)) : OptionalLong.empty();
  }

  private void serve() {
    try {
      Connection.Reader reader = connection.newReader();
      while (!ended) {
        role.acquire();
        int length = receive(reader);
        if (length < 0) {
          ended = true;
          break;
        }
        if (length > 0) {
          long began = System.nanoTime();
          int opcode = reader.handle(length);
          requests.add(opcode, System.nanoTime() - began);
        }
      }
    } finally {
      role.release();
    }
  }

  /** Reads one request; 0 when there was none after all, negative when the mount is gone. */
  private int receive(Connection.Reader reader) {
    int tries = 0;
    while (!ended) {
      long n = reader.read();
      if (n > 0) {
        return (int) n;
      }
      int errno = (int) -n;
      if (errno == Errno.EAGAIN) {
        if (++tries > SPINS) {
          Libc.pollReadable(device, 1000);
          tries = 0;
        }
      } else if (errno != Errno.EINTR && errno != Errno.ENOENT) {
        // ENODEV: unmounted. ENOENT: the request was interrupted before it could be read.
        if (errno != Errno.ENODEV) {
          log.error("{}: reading requests failed with errno {}; the mount ends", mountPoint, errno);
        }
        return -1;
      }
    }
    return -1;
  }

  /** The requests answered so far. */
  public RequestCounts requests() {
    return requests;
  }

  /** Heap that the threads which answer them have allocated so far. */
  public long allocatedBytes() {
    long bytes = 0;
    if (ManagementFactory.getThreadMXBean() instanceof ThreadMXBean counter) {
      for (Thread thread : threads) {
        bytes += Math.max(0, counter.getThreadAllocatedBytes(thread.getId()));
      }
    }
    return bytes;
  }

  /** Waits until the mount has ended, by {@link #close} or by umount(8). */
  public void join() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /**
   * Unmounts and ends the threads. Waits up to {@code graceMillis} for files to be closed; then
   * those who still have one open get "Transport endpoint is not connected". Idempotent.
   */
  public void close(long graceMillis) {
    if (!unmounted.compareAndSet(false, true)) {
      return;
    }
    long deadline = System.nanoTime() + graceMillis * 1_000_000;
    while (!ended && !unmountNow(false)) {
      if (System.nanoTime() > deadline) {
        log.warn(
            "files in {} are still open; whoever has them open gets \"Transport endpoint is not connected\"",
            mountPoint);
        unmountNow(true);
        ended = true;
      } else {
        LockSupport.parkNanos(50_000_000);
      }
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      try {
        thread.join(5000);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    ended = true;
    connection.close(threads.stream().anyMatch(Thread::isAlive));
    if (guard != null) {
      guard.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean unmountNow(boolean lazily) {
    if (Libc.umount(mountPoint.toString(), lazily) == 0) {
      return true;
    }
    if (ROOT) {
      return false;
    }
    try {
      List<String> command = new ArrayList<>(List.of("fusermount", "-u"));
      if (lazily) {
        command.add("-z");
      }
      command.add(mountPoint.toString());
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      log.error("cannot run fusermount to unmount {}", mountPoint, e);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  @Override
  public void close() {
    close(GRACE_MILLIS);
  }
}
