package dev.sluice.ship;

import dev.sluice.restore.StoreLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a store's files is no longer needed.
 *
 * <p>The <em>base</em> is the newest snapshot that is at least as old as the retention: from it on,
 * every moment that must be restorable is. What it makes unnecessary goes: older snapshots, and
 * files that end at or before it. A file of level 0 goes earlier, once one of level 1 covers it and
 * it is old enough. The newest file of each level always stays, because Litestream takes it for the
 * end of the level, and nothing goes at all unless what stays leads to the latest state. Stateless.
 */
final class Retention {
  private Retention() {}

  /**
   * The files that may be deleted, in that order: the oldest first, so that who is killed
   * meanwhile, or looks at the store, finds no transaction missing between others.
   */
  static List<StoreFile> expired(StoreContents contents, ShippingPolicy policy, long nowMillis) {
    List<StoreFile> all = contents.all();
    StoreFile base = base(contents, nowMillis - policy.retention().toMillis());
    long level0Before = nowMillis - policy.level0Retention().toMillis();
    List<StoreFile> level1 = contents.level(1);
    List<StoreFile> expired = new ArrayList<>();
    for (StoreFile file : all) {
      boolean madeUnnecessary =
          base != null && !file.endsAfter(base.maxTxid()) && !file.equals(base);
      boolean merged =
          file.level() == 0 && file.timeMillis() <= level0Before && isCovered(file, level1);
      if ((madeUnnecessary || merged) && !file.equals(contents.newest(file.level()))) {
        expired.add(file);
      }
    }
    expired.sort(Comparator.comparing(StoreFile::maxTxid, Long::compareUnsigned));
    Set<StoreFile> gone = new HashSet<>(expired);
    List<StoreFile> kept = all.stream().filter(file -> !gone.contains(file)).toList();
    return leadsToTheEnd(kept, contents) ? expired : List.of();
  }

  /**
   * When more than now may be deleted; {@link Long#MAX_VALUE} when nothing of what is there will
   * ever be.
   */
  static long nextMillis(StoreContents contents, ShippingPolicy policy) {
    long next = Long.MAX_VALUE;
    List<StoreFile> level1 = contents.level(1);
    StoreFile newest0 = contents.newest(0);
    for (StoreFile file : contents.level(0)) {
      if (!file.equals(newest0) && isCovered(file, level1)) {
        next = Math.min(next, file.timeMillis() + policy.level0Retention().toMillis());
      }
    }
    for (StoreFile snapshot : contents.level(StoreLayout.SNAPSHOT_LEVEL)) {
      boolean useful =
          contents.all().stream()
              .anyMatch(
                  file ->
                      !file.endsAfter(snapshot.maxTxid())
                          && !file.equals(snapshot)
                          && !file.equals(contents.newest(file.level())));
      if (useful) {
        next = Math.min(next, snapshot.timeMillis() + policy.retention().toMillis());
      }
    }
    return next;
  }

  private static @Nullable StoreFile base(StoreContents contents, long beforeMillis) {
    StoreFile base = null;
    for (StoreFile snapshot : contents.level(StoreLayout.SNAPSHOT_LEVEL)) {
      if (snapshot.minTxid() == 1 && snapshot.timeMillis() <= beforeMillis) {
        base = snapshot;
      }
    }
    return base;
  }

  /** Files come by ascending greatest TXID. */
  private static boolean isCovered(StoreFile file, List<StoreFile> by) {
    int low = 0;
    int high = by.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(by.get(middle).maxTxid(), file.maxTxid()) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < by.size() && by.get(low).covers(file);
  }

  /** Whether a whole database and what joins it lead as far as anything in the store. */
  private static boolean leadsToTheEnd(List<StoreFile> files, StoreContents contents) {
    StoreFile newest = contents.newest();
    if (newest == null) {
      return true;
    }
    long reached =
        files.stream()
            .filter(file -> file.minTxid() == 1)
            .map(StoreFile::maxTxid)
            .max(Long::compareUnsigned)
            .orElse(0L);
    List<StoreFile> byMin =
        files.stream()
            .sorted(
                Comparator.comparing(StoreFile::minTxid, Long::compareUnsigned)
                    .thenComparing(StoreFile::maxTxid, Long::compareUnsigned))
            .toList();
    for (StoreFile file : byMin) {
      if (file.joins(reached)) {
        reached = file.maxTxid();
      }
    }
    return reached == newest.maxTxid() && reached != 0;
  }
}
