package dev.sluice.ship;

import dev.sluice.restore.StoreLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a store holds of one database: read from one listing, then kept current by the only one who
 * writes there, so that nothing has to be listed again. Safe for use by many threads.
 */
final class StoreContents {
  private static final Comparator<StoreFile> ORDER =
      ((Comparator<StoreFile>) (a, b) -> Long.compareUnsigned(a.maxTxid(), b.maxTxid()))
          .thenComparing((a, b) -> Long.compareUnsigned(a.minTxid(), b.minTxid()));

  private final ReentrantLock lock = new ReentrantLock();

  /** By level, each in {@link #ORDER}. Guarded by {@link #lock}. */
  private final List<List<StoreFile>> levels = new ArrayList<>();

  /** Of all files. Changed with {@link #lock}, read without: that is done for all databases. */
  private final AtomicLong sizeBytes = new AtomicLong();

  StoreContents(Collection<StoreFile> files) {
    for (int level = 0; level <= StoreLayout.SNAPSHOT_LEVEL; level++) {
      levels.add(new ArrayList<>());
    }
    files.stream().sorted(ORDER).forEach(file -> levels.get(file.level()).add(file));
    sizeBytes.set(files.stream().mapToLong(StoreFile::sizeBytes).sum());
  }

  /** Files of a level, by ascending greatest TXID. */
  List<StoreFile> level(int level) {
    lock.lock();
    try {
      return List.copyOf(levels.get(level));
    } finally {
      lock.unlock();
    }
  }

  /** All, level by level. */
  List<StoreFile> all() {
    lock.lock();
    try {
      return levels.stream().flatMap(List::stream).toList();
    } finally {
      lock.unlock();
    }
  }

  /** What all files take. */
  long sizeBytes() {
    return sizeBytes.get();
  }

  /** The file of a level that reaches furthest, or null when there is none. */
  @Nullable StoreFile newest(int level) {
    lock.lock();
    try {
      List<StoreFile> files = levels.get(level);
      return files.isEmpty() ? null : files.get(files.size() - 1);
    } finally {
      lock.unlock();
    }
  }

  /** The file that reaches furthest, of the highest level; null when there is none. */
  @Nullable StoreFile newest() {
    StoreFile newest = null;
    for (int level = 0; level <= StoreLayout.SNAPSHOT_LEVEL; level++) {
      StoreFile file = newest(level);
      if (file != null
          && (newest == null || Long.compareUnsigned(file.maxTxid(), newest.maxTxid()) >= 0)) {
        newest = file;
      }
    }
    return newest;
  }

  /**
   * The oldest moment that can be restored, in ms since the epoch: that of the first file with a
   * whole database; 0 when there is none.
   */
  long oldestMillis() {
    lock.lock();
    try {
      return levels.stream()
          .filter(files -> !files.isEmpty() && files.get(0).minTxid() == 1)
          .mapToLong(files -> files.get(0).timeMillis())
          .min()
          .orElse(0);
    } finally {
      lock.unlock();
    }
  }

  /** The last transaction of a level, 0 when it is empty. */
  long maxTxid(int level) {
    StoreFile file = newest(level);
    return file == null ? 0 : file.maxTxid();
  }

  void add(StoreFile file) {
    lock.lock();
    try {
      List<StoreFile> files = levels.get(file.level());
      remove(files.stream().filter(known -> known.name().equals(file.name())).toList());
      int at = files.size();
      while (at > 0 && ORDER.compare(files.get(at - 1), file) > 0) {
        at--;
      }
      files.add(at, file);
      sizeBytes.addAndGet(file.sizeBytes());
    } finally {
      lock.unlock();
    }
  }

  void remove(Collection<StoreFile> gone) {
    lock.lock();
    try {
      for (StoreFile file : gone) {
        if (levels.get(file.level()).remove(file)) {
          sizeBytes.addAndGet(-file.sizeBytes());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * What a level can be made of: files of the level before that reach beyond it, in runs without a
   * gap. A gap is where a snapshot led on; nothing can be merged across it.
   */
  List<List<StoreFile>> runsInto(int level) {
    long done = maxTxid(level);
    List<StoreFile> files = new ArrayList<>(level(level - 1));
    files.removeIf(file -> !file.endsAfter(done));
    files.sort(
        ((Comparator<StoreFile>) (a, b) -> Long.compareUnsigned(a.minTxid(), b.minTxid()))
            .thenComparing((a, b) -> Long.compareUnsigned(b.maxTxid(), a.maxTxid())));
    List<List<StoreFile>> runs = new ArrayList<>();
    StoreFile last = null;
    for (StoreFile file : files) {
      if (last != null && !file.endsAfter(last.maxTxid())) {
        continue;
      }
      if (last == null || file.minTxid() != last.maxTxid() + 1) {
        runs.add(new ArrayList<>());
      }
      runs.get(runs.size() - 1).add(file);
      last = file;
    }
    return runs;
  }
}
