package dev.sluice.restore;

import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The LTX files of one database in a store at one moment. Not safe for use by many threads.
 *
 * <p>One listing runs from level 0 up, so a file that is compacted and deleted meanwhile was either
 * seen itself or its compaction is.
 */
public final class StoreListing {
  private final ObjectStore store;
  private final StoreLayout layout;
  private final List<List<StoredFile>> levels;
  private final Map<String, Instant> times = new HashMap<>();

  private StoreListing(ObjectStore store, StoreLayout layout, List<List<StoredFile>> levels) {
    this.store = store;
    this.layout = layout;
    this.levels = levels;
  }

  /** Lists the files; one request. */
  public static StoreListing read(ObjectStore store, StoreLayout layout) throws IOException {
    List<List<StoredFile>> levels = new ArrayList<>();
    for (int level = 0; level <= StoreLayout.SNAPSHOT_LEVEL; level++) {
      levels.add(new ArrayList<>());
    }
    try (Stream<ObjectInfo> objects = store.list(layout.prefix(), "")) {
      objects
          .map(layout::parse)
          .flatMap(Optional::stream)
          .forEach(file -> levels.get(file.level()).add(file));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    levels.forEach(files -> files.sort(StoredFile.BY_MAX));
    return new StoreListing(store, layout, levels);
  }

  /** Files of a level, by ascending greatest TXID. */
  List<StoredFile> level(int level) {
    return levels.get(level);
  }

  /** All files, level by level. */
  public List<StoredFile> files() {
    return levels.stream().flatMap(List::stream).toList();
  }

  public boolean isEmpty() {
    return levels.stream().allMatch(List::isEmpty);
  }

  /** The fewest files that lead from a transaction as far as any do; empty when none does. */
  public List<StoredFile> leadingOn(long txid) {
    return new Reach(files()).from(txid);
  }

  ObjectStore store() {
    return store;
  }

  StoreLayout layout() {
    return layout;
  }

  /** The store and the path in it, for messages. */
  @Override
  public String toString() {
    return layout.path().isEmpty() ? store.toString() : store + "/" + layout.path();
  }

  /**
   * Files of a level whose content is no younger than {@code time}. In a level, time ascends with
   * the TXID, so a few requests for metadata find the border.
   */
  List<StoredFile> levelUntil(int level, Instant time) throws IOException {
    List<StoredFile> files = level(level);
    int from = 0;
    int to = files.size();
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (timeOf(files.get(middle)).isAfter(time)) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return files.subList(0, from);
  }

  /** When a file's last transaction was committed: from its metadata, else its own time. */
  Instant timeOf(StoredFile file) throws IOException {
    Instant known = times.get(file.key());
    if (known == null) {
      known =
          store
              .head(file.key())
              .map(ObjectInfo::metadata)
              .map(metadata -> metadata.get(ObjectStore.TIMESTAMP))
              .flatMap(StoreListing::parseTime)
              .orElse(file.lastModified());
      times.put(file.key(), known);
    }
    return known;
  }

  private static Optional<Instant> parseTime(String text) {
    try {
      return Optional.of(Instant.parse(text));
    } catch (DateTimeException e) {
      return Optional.empty(); // Not written by Litestream or Sluice; the object's own time counts.
    }
  }

  /**
   * Every state that the files can restore, by ascending TXID. Times are those of the listing,
   * which can be later than the transaction's.
   */
  public List<RestorePoint> restorePoints() {
    return restorable(Set.of()).stream()
        .map(file -> new RestorePoint(file.maxTxid(), file.lastModified()))
        .toList();
  }

  /**
   * For every state that can be restored, by ascending TXID, the file that was first to end there.
   *
   * @param starts files that hold the whole database though their names do not say so
   */
  List<StoredFile> restorable(Set<StoredFile> starts) {
    List<StoredFile> byMax = new ArrayList<>(files());
    byMax.sort(StoredFile.BY_MAX);
    NavigableMap<Long, StoredFile> states = new TreeMap<>(Long::compareUnsigned);
    for (StoredFile file : byMax) {
      Long before = states.lowerKey(file.maxTxid());
      boolean reachable =
          file.isSnapshot()
              || starts.contains(file)
              || states.containsKey(file.maxTxid())
              || (before != null && file.extendsFrom(before));
      if (reachable) {
        states.merge(
            file.maxTxid(), file, (a, b) -> a.lastModified().isAfter(b.lastModified()) ? b : a);
      }
    }
    return List.copyOf(states.values());
  }
}
