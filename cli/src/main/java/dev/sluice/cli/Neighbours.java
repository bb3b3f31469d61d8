package dev.sluice.cli;

import dev.sluice.os.MountTable;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that a database that is replicated without a mount has no other Sluice: neither a
 * mount over it or on it, nor a second {@code replicate}.
 */
final class Neighbours {
  private static final Logger log = LoggerFactory.getLogger(Neighbours.class);

  private final Path data;
  private final @Nullable Path file;
  private final Set<String> refused = ConcurrentHashMap.newKeySet();

  /**
   * Of databases that are to be replicated.
   *
   * @param data the directory of the databases
   * @param file the only one in it; null for all
   */
  Neighbours(Path data, @Nullable Path file) {
    this.data = data.toAbsolutePath();
    this.file = file;
  }

  /** Where the state is kept: beside a single file as {@code sluice follow} does. */
  Path state() {
    return file == null ? data.resolve(".sluice") : stateOf(file.getFileName().toString());
  }

  private Path stateOf(String name) {
    Path path = data.resolve(name);
    return path.resolveSibling("." + path.getFileName() + "-sluice");
  }

  /**
   * Looks for others.
   *
   * @throws UserException when the databases are another's already
   */
  void check() throws IOException {
    boolean mountFound = false;
    for (Path at = data.toRealPath(); at != null; at = at.getParent()) {
      MountTable.Entry mount = mountFound ? null : MountTable.at(at);
      if (mount != null && mount.type().equals("fuse.sluice")) {
        throw new UserException(
            data + " lies in a mount of Sluice at " + at,
            "what is written there is replicated already; leave 'replicate' out");
      }
      mountFound |= mount != null;
      if ((file != null || !at.equals(data.toRealPath()))
          && DataDirectory.isHeld(at.resolve(".sluice"))) {
        throw new UserException(
            "another Sluice has " + at + " and all that is below it",
            "stop that one first, or leave this one out");
      }
    }
  }

  /** Which databases are meant, by their path below the directory. */
  Predicate<String> selection(List<String> include, List<String> exclude) {
    if (file != null) {
      return Objects.requireNonNull(file.getFileName()).toString()::equals;
    }
    List<PathMatcher> in = include.stream().map(Neighbours::glob).toList();
    List<PathMatcher> out = exclude.stream().map(Neighbours::glob).toList();
    return name -> {
      Path path = Path.of(name);
      return (in.isEmpty() || in.stream().anyMatch(glob -> glob.matches(path)))
          && out.stream().noneMatch(glob -> glob.matches(path))
          && !isAnothers(name);
    };
  }

  private static PathMatcher glob(String pattern) {
    return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
  }

  private boolean isAnothers(String name) {
    try {
      boolean held = DataDirectory.isHeld(stateOf(name));
      if (held && refused.add(name)) {
        log.error("{} is not replicated: another process replicates it by itself", name);
      }
      return held;
    } catch (IOException e) {
      log.warn("{}: {}", name, e.getMessage());
      return false;
    }
  }
}
