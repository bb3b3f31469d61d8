package dev.sluice.log;

import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the process that last had a data directory ended, from two files beside the databases' state.
 *
 * <ul>
 *   <li>{@code clean}: it was stopped, and so each database looked then; a line each. It is
 *       durable, and what it speaks of is; it counts once.
 *   <li>{@code boot}: it ran while the system did so that runs now. Then all that it wrote is
 *       there, however it ended. Otherwise the power may have been lost.
 * </ul>
 */
public final class LastEnd {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path directory;
  private final boolean sameBoot;
  private final Map<String, String> stamps;

  private LastEnd(Path directory, boolean sameBoot, Map<String, String> stamps) {
    this.directory = directory;
    this.sameBoot = sameBoot;
    this.stamps = stamps;
  }

  /** Reads what is noted in a directory, and notes that a process has begun again. */
  static LastEnd take(Path directory) throws IOException {
    Map<String, String> stamps = new HashMap<>();
    for (String line : lines(directory.resolve("clean"))) {
      int space = line.indexOf(' ');
      if (space > 0) {
        String name = URLDecoder.decode(line.substring(0, space), StandardCharsets.UTF_8);
        stamps.put(name, line.substring(space + 1));
      }
    }
    String boot = String.join("", lines(BOOT_ID));
    boolean sameBoot = !boot.isEmpty() && lines(directory.resolve("boot")).equals(List.of(boot));
    if (!sameBoot) {
      write(directory.resolve("boot"), boot);
    }
    if (Files.deleteIfExists(directory.resolve("clean")) || !sameBoot) {
      NativeFile.syncDirectory(directory);
    }
    return new LastEnd(directory, sameBoot, Map.copyOf(stamps));
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardCharsets.UTF_8);
    try (NativeFile written = NativeFile.open(file, Libc.O_RDONLY)) {
      written.sync();
    }
  }

  /** True when what was not fsynced of a database may be missing. */
  public boolean isPowerLoss(String database) {
    return !sameBoot && !stamps.containsKey(database);
  }

  /** What {@link #stopped} was told of a database, or null. */
  public @Nullable String stamp(String database) {
    return stamps.get(database);
  }

  /**
   * Notes a clean stop.
   *
   * @param now a line for each database that need not be read at the next start; what it speaks of
   *     is durable
   */
  public void stopped(Map<String, String> now) throws IOException {
    StringBuilder text = new StringBuilder();
    now.forEach(
        (name, stamp) ->
            text.append(URLEncoder.encode(name, StandardCharsets.UTF_8))
                .append(' ')
                .append(stamp)
                .append('\n'));
    write(directory.resolve("clean"), text.toString());
    NativeFile.syncDirectory(directory);
  }
}
