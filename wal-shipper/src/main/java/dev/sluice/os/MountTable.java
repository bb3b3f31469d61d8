package dev.sluice.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is mounted where, as {@code /proc/self/mountinfo} has it; see proc(5). */
public final class MountTable {
  private MountTable() {}

  /**
   * A mount.
   *
   * @param device {@code major:minor}
   * @param type of the filesystem, for FUSE with its subtype
   * @param source what was mounted, as its filesystem names it
   */
  public record Entry(String device, String type, String source) {}

  /** The topmost mount exactly at an absolute path, or null. */
  public static @Nullable Entry at(Path mountPoint) throws IOException {
    Entry found = null;
    for (String line :
        Files.readAllLines(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8)) {
      List<String> fields = List.of(line.split(" "));
      int separator = fields.indexOf("-");
      if (separator > 0 && fields.get(4).replace("\\040", " ").equals(mountPoint.toString())) {
        found = new Entry(fields.get(2), fields.get(separator + 1), fields.get(separator + 2));
      }
    }
    return found;
  }
}
