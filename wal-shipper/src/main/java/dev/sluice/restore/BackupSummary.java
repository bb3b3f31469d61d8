package dev.sluice.restore;

import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a backup has and which moments it can restore, as far as a listing and a few requests for
 * metadata tell.
 *
 * @param levels that have files, finest first; snapshots are level 9
 * @param snapshots oldest first: the states from which restoring begins
 * @param points the states that can be restored, oldest first; times are those of the listing
 * @param first of them; null if none
 * @param last of them; null if none
 * @param newestTxid the last transaction that any file has, unsigned; beyond {@code last} when
 *     something before it is missing
 * @param gaps transactions that are missing, oldest first
 * @param generations of Litestream 0.3, oldest first; when there are any, there is nothing else
 */
public record BackupSummary(
    List<Level> levels,
    List<Snapshot> snapshots,
    List<RestorePoint> points,
    @Nullable RestorePoint first,
    @Nullable RestorePoint last,
    long newestTxid,
    List<Gap> gaps,
    List<GenerationSummary> generations) {
  /** More snapshots than this show the time of the listing, to save requests. */
  private static final int EXACT_TIMES = 16;

  /**
   * A level.
   *
   * @param from when the first transaction that ends a file was committed
   * @param to when the last was
   * @param step the usual time between two states that the level alone gives; null for one file
   */
  public record Level(
      int level,
      int files,
      long sizeBytes,
      long minTxid,
      long maxTxid,
      Instant from,
      Instant to,
      @Nullable Duration step) {}

  /** A file that holds the whole database; of several with the same, the one of the top level. */
  public record Snapshot(long txid, Instant time, long sizeBytes, int level) {}

  /**
   * Transactions that no file has; states from the first to before the last of them are lost.
   *
   * @param restorableAfter whether what comes after the gap can be restored
   */
  public record Gap(
      long firstTxid, long lastTxid, Instant after, Instant before, boolean restorableAfter) {
    private boolean isSame(Gap other) {
      return firstTxid == other.firstTxid && lastTxid == other.lastTxid;
    }
  }

  /** A generation of Litestream 0.3: snapshots and WALs that belong together. */
  public record GenerationSummary(
      String id, int snapshots, int segments, long sizeBytes, Instant from, Instant to) {}

  /** How many states can be restored. */
  public int states() {
    return points.size();
  }

  /** Whether there is no backup at all. */
  public boolean isEmpty() {
    return levels.isEmpty() && generations.isEmpty();
  }

  /** Whether the newest state in the store can be restored. */
  public boolean isNewestRestorable() {
    return (last != null && last.txid() == newestTxid) || !generations.isEmpty();
  }

  /**
   * Reads what is there: one listing (two if there is nothing of Litestream 0.5 or Sluice, if files
   * expire meanwhile, or if transactions seem to be missing).
   */
  public static BackupSummary read(ObjectStore store, StoreLayout layout) throws IOException {
    BackupSummary summary = readOnce(store, layout);
    if (summary.gaps.isEmpty()) {
      return summary;
    }
    // Files are put and deleted while they are listed: what lacks must lack twice in a row.
    List<Gap> before = summary.gaps;
    return readOnce(store, layout).withGaps(gap -> before.stream().anyMatch(gap::isSame));
  }

  private static BackupSummary readOnce(ObjectStore store, StoreLayout layout) throws IOException {
    return LiveBackup.read(() -> attempt(store, layout));
  }

  private BackupSummary withGaps(Predicate<Gap> kept) {
    return new BackupSummary(
        levels,
        snapshots,
        points,
        first,
        last,
        newestTxid,
        gaps.stream().filter(kept).toList(),
        generations);
  }

  private static BackupSummary attempt(ObjectStore store, StoreLayout layout) throws IOException {
    StoreListing listing = StoreListing.read(store, layout);
    if (listing.isEmpty()) {
      List<GenerationSummary> generations = Generation.summaries(store, layout);
      return new BackupSummary(
          List.of(), List.of(), List.of(), null, null, 0, List.of(), List.copyOf(generations));
    }
    Holes holes = Holes.of(listing);
    List<StoredFile> states = listing.restorable(holes.starts());
    long newest =
        listing.files().stream().max(StoredFile.BY_MAX).map(StoredFile::maxTxid).orElse(0L);
    return new BackupSummary(
        levels(listing),
        snapshots(listing),
        states.stream().map(file -> new RestorePoint(file.maxTxid(), file.lastModified())).toList(),
        states.isEmpty() ? null : point(listing, states.get(0)),
        states.isEmpty() ? null : point(listing, states.get(states.size() - 1)),
        newest,
        gaps(listing, holes, states),
        List.of());
  }

  private static RestorePoint point(StoreListing listing, StoredFile file) throws IOException {
    return new RestorePoint(file.maxTxid(), listing.timeOf(file));
  }

  private static List<Level> levels(StoreListing listing) throws IOException {
    List<Level> levels = new ArrayList<>();
    for (int level = 0; level <= StoreLayout.SNAPSHOT_LEVEL; level++) {
      List<StoredFile> files = listing.level(level);
      if (files.isEmpty()) {
        continue;
      }
      StoredFile last = files.get(files.size() - 1);
      long min = files.get(0).minTxid();
      long size = 0;
      for (StoredFile file : files) {
        min = Long.compareUnsigned(file.minTxid(), min) < 0 ? file.minTxid() : min;
        size += file.sizeBytes();
      }
      levels.add(
          new Level(
              level,
              files.size(),
              size,
              min,
              last.maxTxid(),
              listing.timeOf(files.get(0)),
              listing.timeOf(last),
              step(files)));
    }
    return levels;
  }

  /** The median, because an application that rests for a night says nothing of the backup. */
  private static @Nullable Duration step(List<StoredFile> files) {
    List<Duration> steps = new ArrayList<>();
    for (int i = 1; i < files.size(); i++) {
      Duration step =
          Duration.between(files.get(i - 1).lastModified(), files.get(i).lastModified());
      steps.add(step.isNegative() ? Duration.ZERO : step);
    }
    steps.sort(null);
    return steps.isEmpty() ? null : steps.get(steps.size() / 2);
  }

  private static List<Snapshot> snapshots(StoreListing listing) throws IOException {
    NavigableMap<Long, StoredFile> byTxid = new TreeMap<>(Long::compareUnsigned);
    listing.files().stream()
        .filter(StoredFile::isSnapshot)
        .forEach(file -> byTxid.put(file.maxTxid(), file));
    List<StoredFile> files = List.copyOf(byTxid.values());
    List<Snapshot> snapshots = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      StoredFile file = files.get(i);
      boolean exact = i >= files.size() - EXACT_TIMES;
      Instant time = exact ? listing.timeOf(file) : file.lastModified();
      snapshots.add(new Snapshot(file.maxTxid(), time, file.sizeBytes(), file.level()));
    }
    return snapshots;
  }

  private static List<Gap> gaps(StoreListing listing, Holes holes, List<StoredFile> states)
      throws IOException {
    List<Gap> gaps = new ArrayList<>();
    for (Holes.Hole hole : holes.holes()) {
      Optional<StoredFile> next =
          states.stream()
              .filter(state -> Long.compareUnsigned(state.maxTxid(), hole.last()) > 0)
              .findFirst();
      gaps.add(
          new Gap(
              hole.first(),
              hole.last(),
              listing.timeOf(hole.before()),
              listing.timeOf(next.orElse(hole.after())),
              next.isPresent()));
    }
    return gaps;
  }
}
