package dev.sluice.restore;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Transactions that are in none of the files of a backup.
 *
 * <p>What lies between two snapshots with nothing else around was thinned out on purpose, as time
 * went by, and is no hole. Nor is what has expired: before the first state that can be restored, or
 * before the oldest snapshot behind a file that stayed only because it is the newest of its level.
 *
 * @param starts files after holes that hold the whole database though their names do not say so:
 *     Litestream goes on with one after it lost sight of some transactions
 */
record Holes(List<Hole> holes, Set<StoredFile> starts) {
  /** How many files are looked into for a whole database. */
  private static final int MAX_PROBES = 16;

  /** Transactions {@code first} to {@code last} are missing between two files. */
  record Hole(long first, long last, StoredFile before, StoredFile after) {}

  static Holes of(StoreListing listing) throws IOException {
    List<StoredFile> files = new ArrayList<>(listing.files());
    files.sort(
        Comparator.comparing(Holes::from, Long::compareUnsigned)
            .thenComparing(StoredFile.BY_MAX.reversed()));
    RestorePlan.Probe probe = new WholeDatabaseProbe(listing.store());
    List<Hole> holes = new ArrayList<>();
    Set<StoredFile> starts = new HashSet<>();
    long first = oldest(files.stream().filter(StoredFile::isSnapshot));
    long base = oldest(listing.level(StoreLayout.SNAPSHOT_LEVEL).stream());
    int probes = 0;
    StoredFile furthest = files.get(0);
    for (StoredFile file : files) {
      boolean joins = Long.compareUnsigned(from(file) - 1, furthest.maxTxid()) <= 0;
      if (!joins && !(file.isSnapshot() && furthest.isSnapshot())) {
        boolean expired =
            Long.compareUnsigned(from(file), first) <= 0
                || (Long.compareUnsigned(from(file), base) <= 0 && isLeft(furthest, files));
        if (!expired) {
          holes.add(new Hole(furthest.maxTxid() + 1, from(file) - 1, furthest, file));
        }
        if (!file.isSnapshot() && probes++ < MAX_PROBES && probe.holdsWholeDatabase(file)) {
          starts.add(file);
        }
      }
      // Of two that reach as far, the one that shows transactions were kept there one by one.
      int further = StoredFile.BY_MAX.compare(file, furthest);
      if (further > 0 || (further == 0 && furthest.isSnapshot())) {
        furthest = file;
      }
    }
    return new Holes(holes, starts);
  }

  private static long oldest(Stream<StoredFile> files) {
    return files.min(StoredFile.BY_MAX).map(StoredFile::maxTxid).orElse(0L);
  }

  /** Whether a file is the newest of its level, and what is merged into that level goes on. */
  private static boolean isLeft(StoredFile file, List<StoredFile> files) {
    List<StoredFile> further =
        files.stream().filter(other -> StoredFile.BY_MAX.compare(other, file) > 0).toList();
    return further.stream().noneMatch(other -> other.level() == file.level())
        && further.stream().anyMatch(other -> other.level() < file.level());
  }

  /** A snapshot stands for its last transaction only: it does not show the states before. */
  private static long from(StoredFile file) {
    return file.isSnapshot() ? file.maxTxid() : file.minTxid();
  }
}
