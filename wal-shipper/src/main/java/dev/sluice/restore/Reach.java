package dev.sluice.restore;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How files join: from where, how far, and by which of them. */
final class Reach {
  private static final Comparator<StoredFile> BY_MIN =
      (a, b) -> Long.compareUnsigned(a.minTxid(), b.minTxid());

  /** Further is more; of those that reach as far, the one that says least besides. */
  static final Comparator<StoredFile> BY_REACH =
      StoredFile.BY_MAX
          .thenComparing(Comparator.comparingLong(StoredFile::sizeBytes).reversed())
          .thenComparing(BY_MIN)
          .thenComparing(StoredFile::level);

  private final List<StoredFile> byMin;
  private final List<StoredFile> furthestFirst;

  Reach(List<StoredFile> files) {
    byMin = files.stream().sorted(BY_MIN).toList();
    furthestFirst = files.stream().sorted(BY_REACH.reversed()).toList();
  }

  /** The fewest files that lead from a position as far as any do. */
  List<StoredFile> from(long txid) {
    List<StoredFile> chain = new ArrayList<>();
    long position = txid;
    @Nullable StoredFile best = null;
    int next = 0;
    while (true) {
      for (; next < byMin.size() && joins(byMin.get(next), position); next++) {
        StoredFile file = byMin.get(next);
        best = best == null || BY_REACH.compare(file, best) > 0 ? file : best;
      }
      if (best == null || !best.extendsFrom(position)) {
        return chain;
      }
      chain.add(best);
      position = best.maxTxid();
    }
  }

  private static boolean joins(StoredFile file, long position) {
    return Long.compareUnsigned(file.minTxid() - 1, position) <= 0;
  }

  /** The earliest position from which files lead to the furthest one. */
  long earliestStart() {
    long earliest = furthestFirst.isEmpty() ? 0 : furthestFirst.get(0).maxTxid();
    for (StoredFile file : furthestFirst) {
      if (Long.compareUnsigned(file.maxTxid(), earliest) < 0) {
        break;
      }
      if (Long.compareUnsigned(file.minTxid() - 1, earliest) < 0) {
        earliest = file.minTxid() - 1;
      }
    }
    return earliest;
  }

  /** All files, the one that reaches furthest first. */
  List<StoredFile> furthestFirst() {
    return furthestFirst;
  }
}
