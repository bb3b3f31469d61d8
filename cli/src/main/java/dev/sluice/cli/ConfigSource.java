package dev.sluice.cli;

import java.util.Collection;

/**
 * Where a setting comes from.
 *
 * @param kind the sort of place
 * @param line in the file; 0 for none
 * @param where for people
 */
record ConfigSource(Kind kind, int line, String where) {
  /** Nothing was said. */
  static final ConfigSource DEFAULT = new ConfigSource(Kind.DEFAULT, 0, "default");

  /** A sort of place. */
  enum Kind {
    DEFAULT,
    FILE,
    /** The file, which takes it from the environment. */
    ENVIRONMENT,
    FLAG
  }

  /** A line of the file, with what that takes from the environment. */
  static ConfigSource line(int line, Collection<String> variables) {
    return variables.isEmpty()
        ? new ConfigSource(Kind.FILE, line, "line " + line)
        : new ConfigSource(
            Kind.ENVIRONMENT,
            line,
            "line " + line + ", environment variable " + String.join(", ", variables));
  }

  static ConfigSource flag(String name) {
    return new ConfigSource(Kind.FLAG, 0, name);
  }
}
