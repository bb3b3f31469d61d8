package dev.sluice.log;

import java.nio.charset.StandardCharsets;

/**
 * Names of databases that come over the network: paths below the data directory that lead nowhere
 * else. Stateless.
 */
public final class DatabaseName {
  /** As long as a path may be on Linux. */
  static final int MAX_BYTES = 4_096;

  /** Where Sluice keeps its own files, below the data directory. */
  private static final String STATE = ".sluice";

  private DatabaseName() {}

  /**
   * Gives {@code name} when it is one.
   *
   * @throws IllegalArgumentException naming it, and what is wrong with it
   */
  public static String checked(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("the name of a database is empty");
    }
    if (name.length() > MAX_BYTES || name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "the name of a database has more than " + MAX_BYTES + " bytes: " + name.substring(0, 64));
    }
    if (name.indexOf('\0') >= 0) {
      throw refused(name.replace('\0', '?'), "has a NUL");
    }
    if (name.startsWith("/")) {
      throw refused(name, "is absolute");
    }
    String[] segments = name.split("/", -1);
    for (String segment : segments) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw refused(name, "has '" + segment + "' between slashes");
      }
    }
    if (segments[0].equals(STATE)) {
      throw refused(name, "is where Sluice keeps its own files");
    }
    return name;
  }

  private static IllegalArgumentException refused(String name, String why) {
    return new IllegalArgumentException(
        "\""
            + name
            + "\" "
            + why
            + ": expected a path below the data directory, such as shop/app.db");
  }
}
