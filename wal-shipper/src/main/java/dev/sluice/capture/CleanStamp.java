package dev.sluice.capture;

import dev.sluice.os.FileStatus;
import dev.sluice.os.PathCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says after a clean stop how the files of a database looked then, and at which position. When they
 * still look so at the next start (same inodes, sizes, and times of change to the nanosecond),
 * nobody has touched them and they need not be read.
 */
final class CleanStamp {
  private static final Logger log = LoggerFactory.getLogger(CleanStamp.class);

  private static final String FILE = "clean";

  private CleanStamp() {}

  /** Leaves a stamp in a database's state directory. */
  static void write(Path directory, String stamp) {
    try {
      Files.writeString(directory.resolve(FILE), stamp, StandardCharsets.UTF_8);
    } catch (IOException e) {
      log.warn(
          "{}: no stamp of the clean stop; the next start reads the database: {}",
          directory,
          e.getMessage());
    }
  }

  /** Takes the stamp away, so that it counts once; empty when there is none. */
  static String take(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    try {
      String stamp = Files.readString(file, StandardCharsets.UTF_8);
      Files.delete(file);
      return stamp;
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /** How files look; {@code -} for one that is not there. */
  static String look(String... backingPaths) {
    FileStatus status = new FileStatus();
    StringBuilder text = new StringBuilder();
    for (String path : backingPaths) {
      if (PathCalls.stat(path, status) < 0) {
        text.append(" -");
        continue;
      }
      text.append(' ').append(status.inode()).append(':').append(status.size());
      text.append(':').append(status.mtimeSeconds()).append('.').append(status.mtimeNanos());
      text.append(':').append(status.ctimeSeconds()).append('.').append(status.ctimeNanos());
    }
    return text.toString();
  }
}
