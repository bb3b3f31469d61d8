package dev.sluice.fuse;

import dev.sluice.fuse.binding.FuseException;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the processors of the machine from sleeping while a mount is busy.
 *
 * <p>Each request of the kernel wakes Sluice, and each answer the application, mostly on another
 * processor. In a virtual machine one that sleeps takes some 50 µs to wake, longer than most
 * requests take. Whoever holds {@code /dev/cpu_dma_latency} open with a 0 in it has idle processors
 * poll instead (<a
 * href="https://docs.kernel.org/power/pm_qos_interface.html">pm_qos_interface</a>). That costs
 * power, so it is held only while more than {@value #BUSY_REQUESTS} requests come in {@value
 * #SAMPLE_MILLIS} ms, and where nobody said anything only in a virtual machine.
 */
final class LowLatency implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LowLatency.class);

  private static final Path DEVICE = Path.of("/dev/cpu_dma_latency");
  private static final int BUSY_REQUESTS = 20;
  private static final int SAMPLE_MILLIS = 10;

  /** How often it is looked while the mount is idle. */
  private static final int IDLE_MILLIS = 50;

  private final LongSupplier requests;
  private final ByteBuffer none = ByteBuffer.allocateDirect(Integer.BYTES);
  private final Thread thread;
  private volatile boolean closed;

  private LowLatency(LongSupplier requests) {
    this.requests = requests;
    this.thread = new Thread(this::watch, "low-latency");
    thread.setDaemon(true);
  }

  /**
   * Starts to watch.
   *
   * @param wanted null for where it helps most, in a virtual machine, if this process may
   * @param requests how many there were so far
   * @return null when it is not to be
   * @throws FuseException when it is wanted, and this process may not do that, saying what to do
   */
  static @Nullable LowLatency start(@Nullable Boolean wanted, LongSupplier requests)
      throws FuseException {
    if (wanted == null ? !isVirtualMachine() : !wanted) {
      return null;
    }
    LowLatency started = new LowLatency(requests);
    try {
      started.hold().close();
    } catch (ErrnoException e) {
      if (wanted == null) {
        return null;
      }
      throw new FuseException(
          "low latency was asked for, and "
              + e.getMessage()
              + "; run as root, in a container pass --device "
              + DEVICE
              + ", or do without",
          e);
    }
    started.thread.start();
    return started;
  }

  /** As processors of the x86 family tell it. */
  private static boolean isVirtualMachine() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .filter(flags -> flags.contains(" hypervisor "))
          .isPresent();
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  /** For as long as the file is open. */
  private NativeFile hold() throws ErrnoException {
    NativeFile file = NativeFile.open(DEVICE, Libc.O_WRONLY);
    try {
      file.write(none.clear(), 0);
      return file;
    } catch (ErrnoException e) {
      file.close();
      throw e;
    }
  }

  private void watch() {
    NativeFile held = null;
    long before = requests.getAsLong();
    while (!closed) {
      LockSupport.parkNanos(
          TimeUnit.MILLISECONDS.toNanos(held == null ? IDLE_MILLIS : SAMPLE_MILLIS));
      long now = requests.getAsLong();
      boolean busy = now - before > BUSY_REQUESTS;
      before = now;
      if (busy != (held != null)) {
        held = change(held);
      }
    }
    if (held != null) {
      held.close();
    }
  }

  private @Nullable NativeFile change(@Nullable NativeFile held) {
    if (held != null) {
      held.close();
      return null;
    }
    try {
      return hold();
    } catch (ErrnoException e) {
      log.warn("processors may sleep from now on: {}", e.getMessage());
      closed = true;
      return null;
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
