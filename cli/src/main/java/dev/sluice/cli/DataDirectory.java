package dev.sluice.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sluice.ltx.Txid;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The directory a node owns while it runs: {@code DATA}, with Sluice's own files in {@code
 * DATA/.sluice}.
 */
final class DataDirectory implements Closeable {
  /** Where a data directory has Sluice's own files. */
  static final String STATE = ".sluice";

  private static final int LOCK_ATTEMPTS = 10;
  private static final long LOCK_PAUSE_NANOS = 100_000_000;

  private final Path data;
  private final Path state;
  private final String nodeId;
  private final FileChannel lockFile;

  private DataDirectory(Path data, Path state, String nodeId, FileChannel lockFile) {
    this.data = data;
    this.state = state;
    this.nodeId = nodeId;
    this.lockFile = lockFile;
  }

  /**
   * Takes a data directory, which is made when it is not there.
   *
   * @throws UserException when another process holds it
   */
  static DataDirectory open(Path data) throws IOException {
    return open(data, data.resolve(STATE));
  }

  /** As {@link #open(Path)}, with the state elsewhere. */
  static DataDirectory open(Path data, Path state) throws IOException {
    Files.createDirectories(data);
    Files.createDirectories(state);
    FileChannel channel =
        FileChannel.open(
            state.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (lock(channel) == null) {
        throw new UserException(
            "another process has " + data + " open",
            "stop that one first, or give this one a data directory of its own");
      }
      return new DataDirectory(data, state, nodeId(state.resolve("node.json")), channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Whether a process holds the state in a directory, which need not be there. */
  static boolean isHeld(Path state) throws IOException {
    Path file = state.resolve("lock");
    if (!Files.exists(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return channel.tryLock() == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }

  /** A process that was just killed may need a moment to let go. */
  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        FileLock lock = channel.tryLock();
        if (lock != null || attempt == LOCK_ATTEMPTS) {
          return lock;
        }
      } catch (OverlappingFileLockException e) {
        return null;
      }
      LockSupport.parkNanos(LOCK_PAUSE_NANOS);
    }
  }

  private static String nodeId(Path file) throws IOException {
    ObjectMapper json = new ObjectMapper();
    if (Files.exists(file)) {
      String id = json.readTree(file.toFile()).path("nodeId").asText();
      if (!id.isEmpty()) {
        return id;
      }
    }
    String id = Txid.format(new SecureRandom().nextLong());
    Files.write(file, json.writeValueAsBytes(Map.of("nodeId", id)));
    return id;
  }

  Path path() {
    return data;
  }

  String nodeId() {
    return nodeId;
  }

  /** Sluice's own files. */
  Path state() {
    return state;
  }

  Path databases() {
    return state.resolve("db");
  }

  Path temporary() {
    return state.resolve("tmp");
  }

  @Override
  public void close() throws IOException {
    lockFile.close();
  }
}
