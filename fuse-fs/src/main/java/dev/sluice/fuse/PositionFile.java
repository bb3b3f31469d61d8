package dev.sluice.fuse;

import java.util.function.Supplier;

/**
 * The file {@code app.db-pos} beside a database: reading it gives the position, one line.
 *
 * @param path where it is; after the rename of a directory above it, it is another database's
 */
record PositionFile(String path, Supplier<String> line) {
  /** 16 digits, a slash, 16 digits, a line feed. */
  static final int SIZE = 34;

  static final String SUFFIX = "-pos";
}
