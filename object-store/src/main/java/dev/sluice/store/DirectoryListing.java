package dev.sluice.store;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Files below a directory in the order of their keys. Directories are read when their turn comes,
 * so memory is bounded by the largest ones; those that cannot hold a wanted key are not read.
 */
final class DirectoryListing extends ObjectListing {
  /** A directory's key ends in a slash, so that it sorts as the keys below it do. */
  private record Entry(String key, BasicFileAttributes attributes) {}

  private final Path root;
  private final String prefix;
  private final String startAfter;

  /** What is left of each directory on the way down to the current one. */
  private final Deque<Iterator<Entry>> open = new ArrayDeque<>();

  DirectoryListing(Path root, String prefix, String startAfter) throws IOException {
    this.root = root;
    this.prefix = prefix;
    this.startAfter = startAfter;
    String base = prefix.substring(0, prefix.lastIndexOf('/') + 1);
    if (!base.isEmpty()) {
      Keys.check(base.substring(0, base.length() - 1));
    }
    open.push(read(base));
  }

  @Override
  protected @Nullable ObjectInfo advance() throws IOException {
    try {
      return found();
    } catch (IOException e) {
      throw new IOException("listing file://" + root + ": " + e.getMessage(), e);
    }
  }

  private @Nullable ObjectInfo found() throws IOException {
    while (!open.isEmpty()) {
      if (!open.element().hasNext()) {
        open.pop();
        continue;
      }
      Entry entry = open.element().next();
      if (entry.attributes.isDirectory()) {
        open.push(read(entry.key));
      } else {
        return info(entry.key, entry.attributes, Map.of());
      }
    }
    return null;
  }

  /** The wanted entries of a directory, given by its key with a slash at the end. */
  private Iterator<Entry> read(String directory) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (var paths = Files.newDirectoryStream(root.resolve(directory))) {
      for (Path path : paths) {
        String name = String.valueOf(path.getFileName());
        if (!name.startsWith(Keys.RESERVED)) {
          addIfWanted(entries, directory + name, path);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return entries.iterator();
    }
    entries.sort((a, b) -> Keys.ORDER.compare(a.key, b.key));
    return entries.iterator();
  }

  private void addIfWanted(List<Entry> entries, String key, Path path) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(path, BasicFileAttributes.class);
    } catch (FileSystemException e) {
      if (Files.exists(path)) {
        throw e;
      }
      return; // Deleted meanwhile, or a symbolic link to nothing.
    }
    if (attributes.isDirectory()) {
      String below = key + "/";
      boolean mayMatch = below.startsWith(prefix) || prefix.startsWith(below);
      boolean mayFollow = startAfter.startsWith(below) || Keys.ORDER.compare(below, startAfter) > 0;
      if (mayMatch && mayFollow) {
        entries.add(new Entry(below, attributes));
      }
    } else if (attributes.isRegularFile()
        && key.startsWith(prefix)
        && Keys.ORDER.compare(key, startAfter) > 0) {
      entries.add(new Entry(key, attributes));
    }
  }

  static ObjectInfo info(String key, BasicFileAttributes attributes, Map<String, String> metadata) {
    return new ObjectInfo(
        key,
        attributes.size(),
        attributes.lastModifiedTime().toInstant(),
        etag(attributes),
        metadata);
  }

  static Etag etag(BasicFileAttributes attributes) {
    Object identity = attributes.fileKey();
    return new Etag(
        String.format(
            "%x-%x-%x",
            attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
            attributes.size(),
            identity == null ? 0 : identity.hashCode()));
  }
}
