package dev.sluice.os;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/**
 * Events of the files in directories, inotify(7). Not Java's {@code WatchService}, whose thread
 * takes every event at once: here events that are not asked for become one, and a busy file costs
 * nothing. For one thread.
 */
public final class Inotify implements Closeable {
  public static final int MODIFY = 0x2;
  public static final int MOVED_FROM = 0x40;
  public static final int MOVED_TO = 0x80;
  public static final int CREATE = 0x100;
  public static final int DELETE = 0x200;
  public static final int OVERFLOW = 0x4000;

  /** The directory is gone, and its watch with it. */
  public static final int IGNORED = 0x8000;

  public static final int IS_DIRECTORY = 0x40000000;

  private static final int NAMES = MOVED_FROM | MOVED_TO | CREATE | DELETE;
  private static final int ONLY_DIRECTORY = 0x01000000;
  private static final int IN_CLOEXEC = 02000000;
  private static final int IN_NONBLOCK = 04000;
  private static final int EVENT = 16;

  private static final Functions FUNCTIONS = LibraryLoader.create(Functions.class).load("c");

  /** Told of one event. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Something happened in a directory.
     *
     * @param watch as {@link #watch} gave it, -1 for {@link #OVERFLOW}
     * @param mask what happened
     * @param name of the file in the directory, its bytes one per char; empty for the directory
     */
    void event(int watch, int mask, String name);
  }

  private final int fd;
  private final ByteBuffer events =
      ByteBuffer.allocateDirect(64 << 10).order(ByteOrder.nativeOrder());
  private final long address = Libc.address(events);

  private Inotify(int fd) {
    this.fd = fd;
  }

  public static Inotify open() throws ErrnoException {
    int fd = FUNCTIONS.inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) {
      throw new ErrnoException("cannot watch files", errno());
    }
    return new Inotify(fd);
  }

  /** Watches writes to files of a directory, and names that come and go; gives the watch. */
  public int watch(String directory) throws ErrnoException {
    byte[] path = (directory + '\0').getBytes(StandardCharsets.ISO_8859_1);
    int watch = FUNCTIONS.inotify_add_watch(fd, path, MODIFY | NAMES | ONLY_DIRECTORY);
    if (watch < 0) {
      throw new ErrnoException("cannot watch " + directory, errno());
    }
    return watch;
  }

  /** Waits for an event, at most {@code timeoutMillis}. */
  public void await(int timeoutMillis) {
    Libc.pollReadable(fd, timeoutMillis);
  }

  /** Tells of the events that are there. */
  public void drain(Listener listener) {
    for (long n = events.capacity(); n > events.capacity() / 2; ) {
      n = Libc.read(fd, address, events.capacity());
      for (int at = 0; at < n; ) {
        int length = events.getInt(at + 12);
        byte[] name = new byte[length];
        events.get(at + EVENT, name);
        int end = 0;
        while (end < length && name[end] != 0) {
          end++;
        }
        listener.event(
            events.getInt(at),
            events.getInt(at + 4),
            new String(name, 0, end, StandardCharsets.ISO_8859_1));
        at += EVENT + length;
      }
    }
  }

  /** True when an event says that a name was added or taken away. */
  public static boolean isName(int mask) {
    return (mask & NAMES) != 0;
  }

  private static int errno() {
    return LastError.getLastError(Runtime.getRuntime(FUNCTIONS));
  }

  @Override
  public void close() {
    Libc.close(fd);
  }

  /** As in libc. */
  public interface Functions {
    int inotify_init1(int flags);

    int inotify_add_watch(int fd, byte[] path, int mask);
  }
}
