package dev.sluice.capture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that asks for something in the mount.
 *
 * @param pid as this process sees it; 0 when it can't
 * @param command its name, without arguments; empty when it can't be told
 */
record Applicant(long pid, String command) {
  private static final String GROUP = "Tgid:";

  /** Whether a thread is of this process. */
  static boolean isSelf(int thread) {
    return Files.exists(Path.of("/proc/self/task", String.valueOf(thread)));
  }

  /** The process of a thread. */
  static Applicant of(int thread) {
    Path about = Path.of("/proc", String.valueOf(thread));
    try {
      String status = Files.readString(about.resolve("status"), StandardCharsets.ISO_8859_1);
      long pid =
          status
              .lines()
              .filter(line -> line.startsWith(GROUP))
              .mapToLong(line -> Long.parseLong(line.substring(GROUP.length()).strip()))
              .findFirst()
              .orElse(thread);
      Path command = Path.of("/proc", String.valueOf(pid), "comm");
      return new Applicant(pid, Files.readString(command, StandardCharsets.UTF_8).strip());
    } catch (IOException | NumberFormatException e) {
      return new Applicant(thread, "");
    }
  }

  @Override
  public String toString() {
    return "process " + pid + (command.isEmpty() ? "" : " (" + command + ")");
  }
}
