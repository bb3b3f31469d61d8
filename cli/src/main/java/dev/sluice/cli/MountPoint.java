package dev.sluice.cli;

import dev.sluice.fuse.Mount;
import dev.sluice.fuse.binding.Errno;
import dev.sluice.os.Libc;
import dev.sluice.os.MountTable;
import dev.sluice.os.PathCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks a mount point before something is mounted on it. */
final class MountPoint {
  private static final Logger log = LoggerFactory.getLogger(MountPoint.class);

  private static final long ANSWER_MILLIS = 3000;
  private static final int ANSWERS = 4;

  private MountPoint() {}

  /**
   * Makes sure that {@code mount} is an empty directory that nothing is mounted on. What a killed
   * Sluice left mounted there is taken away.
   */
  static void prepare(Path mount, Path data) throws IOException {
    checkBeside(mount, data);
    Path absolute = mount.toAbsolutePath().normalize();
    MountTable.Entry mounted = MountTable.at(absolute);
    if (mounted != null
        && mounted.type().equals("fuse.sluice")
        && isDead(absolute, mounted.source())) {
      log.info("taking away the mount at {} that a killed process left", mount);
      unmountLazily(absolute);
      mounted = MountTable.at(absolute);
    }
    if (mounted != null) {
      throw new UserException(
          mount + " is in use: " + mounted.type() + " is mounted there",
          "unmount it (fusermount -u " + mount + ") or give another directory");
    }
    Files.createDirectories(absolute);
    try (var entries = Files.list(absolute)) {
      if (entries.findAny().isPresent()) {
        throw new UserException(
            mount + " is not empty", "give an empty directory: the mount would hide what is in it");
      }
    }
  }

  /** Refuses directories of which one is in the other. */
  static void checkBeside(Path mount, Path data) throws UserException {
    Path absolute = mount.toAbsolutePath().normalize();
    Path absoluteData = data.toAbsolutePath().normalize();
    if (absolute.startsWith(absoluteData) || absoluteData.startsWith(absolute)) {
      throw new UserException(
          "the mount point " + mount + " and the data directory " + data + " contain each other",
          "give directories beside each other");
    }
  }

  /**
   * True for "Transport endpoint is not connected", and when there is no answer because the process
   * that served it was killed while it waited for its own mount: it then hangs, dying, until the
   * mount is taken away by force. Asks for free space: the kernel may still have the answer to
   * anything about the directory itself.
   */
  private static boolean isDead(Path mount, String source) {
    CompletableFuture<Boolean> dead = new CompletableFuture<>();
    Thread asking = new Thread(() -> dead.complete(isDisconnected(mount)), "is-mount-dead");
    asking.setDaemon(true);
    asking.start();
    // A process that was just killed may take a while to be seen to die, on a busy machine.
    for (int i = 0; i < ANSWERS; i++) {
      try {
        return dead.get(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (isDying(source)) {
          return true;
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  /** Whether the process that serves a mount was killed and can't end. */
  private static boolean isDying(String source) {
    OptionalLong pid = Mount.servedBy(source);
    try {
      String status = Files.readString(Path.of("/proc/" + pid.orElse(0) + "/stat"));
      // The letter of the state stands behind the name, which is in parentheses.
      return status.charAt(status.lastIndexOf(')') + 2) == 'Z';
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isDisconnected(Path mount) {
    return PathCalls.statvfs(PathCalls.raw(mount.toString()), new long[11]) == -Errno.ENOTCONN;
  }

  private static void unmountLazily(Path mount) throws IOException {
    // As root also frees a process that hangs on it.
    if (Libc.abortMount(mount.toString()) == 0) {
      return;
    }
    Process process =
        new ProcessBuilder("fusermount", "-u", "-z", mount.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
