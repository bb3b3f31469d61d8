package dev.sluice.fuse.binding;

import dev.sluice.os.MountTable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Breaks the kernel's connection to a mount when the process that serves it is killed.
 *
 * <p>A process that is killed while one of its own threads waits for its own mount (a follower
 * applies through it) can't end: that thread waits for an answer that nobody gives any more, and
 * the connection breaks only once the process has ended. All who use the mount would hang with it.
 * So a small shell, which the kernel tells of our death (setpriv(1), {@code --pdeathsig}), breaks
 * the connection from outside. The mount stays where it is, dead, so that no application finds an
 * empty directory in its place.
 *
 * <p>Where the tools for it are missing there is none, and the next start does the same.
 */
final class ConnectionGuard implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConnectionGuard.class);

  /**
   * Ends with its parent only: signals to the whole group (Ctrl-C, a service manager) are for the
   * parent to act on. {@code $0} is the number of the connection, {@code $1} the mount point. Where
   * no fusectl is mounted, it is for a moment and for this shell alone; where that can't be (in a
   * chroot), umount(8) breaks the connection, and unmounts what nobody uses.
   */
  private static final String SCRIPT =
      """
      connections=/sys/fs/fuse/connections
      trap '' INT TERM HUP
      trap '
        kill -KILL $!
        if [ -e $connections/$0/abort ]; then
          echo 1 >$connections/$0/abort
        else
          unshare -m sh -c "mount -t fusectl none $connections && echo 1 >$connections/$0/abort" ||
            umount -c -f "$1"
        fi
        exit' USR1
      while :; do sleep 86400 & wait; done
      """;

  private final Process process;

  private ConnectionGuard(Process process) {
    this.process = process;
  }

  /** Guards what is mounted at a path; null when that is not possible. */
  static @Nullable ConnectionGuard start(Path mountPoint) {
    try {
      Path path = mountPoint.toAbsolutePath().normalize();
      MountTable.Entry mounted = MountTable.at(path);
      if (mounted == null) {
        return null;
      }
      String number = mounted.device().substring(mounted.device().indexOf(':') + 1);
      return start(
          new ProcessBuilder(
                  "setpriv", "--pdeathsig", "USR1", "sh", "-c", SCRIPT, number, path.toString())
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD));
    } catch (IOException | CompletionException e) {
      log.debug("{} is not guarded: {}", mountPoint, e.getMessage());
      return null;
    }
  }

  /** The kernel tells of the death of the thread that started it: one that lives as long as we. */
  private static ConnectionGuard start(ProcessBuilder builder) {
    CompletableFuture<Process> started = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                Process process = builder.start();
                started.complete(process);
                process.waitFor();
              } catch (IOException e) {
                started.completeExceptionally(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "connection-guard");
    thread.setDaemon(true);
    thread.start();
    return new ConnectionGuard(started.join());
  }

  /** After unmounting. */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
