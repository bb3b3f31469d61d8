package dev.sluice.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * What tells that a file was changed or replaced; of a file that can't be read all fields are
 * empty.
 *
 * @param inode of the file, so that one moved into place is noticed within a tick of the clock
 */
public record FileVersion(long sizeBytes, @Nullable FileTime modified, @Nullable Object inode) {
  private static final FileVersion MISSING = new FileVersion(0, null, null);

  static FileVersion of(Path file) {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return new FileVersion(found.size(), found.lastModifiedTime(), found.fileKey());
    } catch (IOException e) {
      // Reading it says why.
      return MISSING;
    }
  }
}
