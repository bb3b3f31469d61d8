package dev.sluice.restore;

import dev.sluice.ltx.Txid;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The files that together give one state of a database, oldest first; each continues where the one
 * before ends, or overlaps it.
 *
 * <p>It starts with the newest snapshot at or before the target (an older one cannot lead further:
 * any file that leads from before the newest beyond it also joins it), then takes again and again
 * the file that joins the position reached and reaches furthest, which gives the fewest files.
 */
public final class RestorePlan {
  private final List<StoredFile> files;
  private final Instant time;

  private RestorePlan(List<StoredFile> files, Instant time) {
    this.files = List.copyOf(files);
    this.time = time;
  }

  /** The files, oldest first; at least one. */
  public List<StoredFile> files() {
    return files;
  }

  /** The last transaction of the state, unsigned. */
  public long txid() {
    return files.get(files.size() - 1).maxTxid();
  }

  /** When that was committed. */
  public Instant time() {
    return time;
  }

  /** Bytes of all files, an upper bound of what a restore reads. */
  public long sizeBytes() {
    return files.stream().mapToLong(StoredFile::sizeBytes).sum();
  }

  /** Tells whether a file holds the whole database though its name does not say so. */
  interface Probe {
    boolean holdsWholeDatabase(StoredFile file) throws IOException;
  }

  /**
   * Plans a restore.
   *
   * @throws NoBackupException if there is no file
   * @throws NotRestorableException if the files do not give the target
   */
  public static RestorePlan of(StoreListing listing, RestoreTarget target) throws IOException {
    return of(listing, target, new WholeDatabaseProbe(listing.store()));
  }

  static RestorePlan of(StoreListing listing, RestoreTarget target, Probe probe)
      throws IOException {
    if (listing.isEmpty()) {
      throw new NoBackupException(
          listing + ": no backup there: no LTX file below '" + listing.layout().prefix() + "'");
    }
    Reach reach = new Reach(eligible(listing, target));
    if (reach.furthestFirst().isEmpty()) {
      throw notRestorable(listing, target, "the backup begins later");
    }
    long goal = reach.furthestFirst().get(0).maxTxid();
    if (target instanceof RestoreTarget.AtTxid exact && goal != exact.txid()) {
      throw notRestorable(listing, target, "no file ends there");
    }
    Optional<StoredFile> start =
        reach.furthestFirst().stream().filter(StoredFile::isSnapshot).findFirst();
    Optional<List<StoredFile>> chain = start.flatMap(file -> chain(reach, file, goal));
    if (chain.isEmpty()) {
      chain = wholeFile(reach, probe).flatMap(file -> chain(reach, file, goal));
    }
    if (chain.isEmpty()) {
      throw notRestorable(listing, target, missing(reach, start));
    }
    List<StoredFile> files = chain.get();
    return new RestorePlan(files, listing.timeOf(files.get(files.size() - 1)));
  }

  private static List<StoredFile> eligible(StoreListing listing, RestoreTarget target)
      throws IOException {
    List<StoredFile> eligible = new ArrayList<>();
    for (int level = 0; level <= StoreLayout.SNAPSHOT_LEVEL; level++) {
      if (target instanceof RestoreTarget.AtTime at) {
        eligible.addAll(listing.levelUntil(level, at.time()));
      } else if (target instanceof RestoreTarget.AtTxid at) {
        listing.level(level).stream()
            .filter(file -> Long.compareUnsigned(file.maxTxid(), at.txid()) <= 0)
            .forEach(eligible::add);
      } else {
        eligible.addAll(listing.level(level));
      }
    }
    return eligible;
  }

  /** The fewest files from {@code start} to {@code goal}; empty if they do not join. */
  private static Optional<List<StoredFile>> chain(Reach reach, StoredFile start, long goal) {
    List<StoredFile> chain = new ArrayList<>(List.of(start));
    chain.addAll(reach.from(start.maxTxid()));
    boolean arrives = chain.get(chain.size() - 1).maxTxid() == goal;
    return arrives ? Optional.of(chain) : Optional.empty();
  }

  /**
   * When Litestream lost sight of some transactions, it goes on with a file that holds the whole
   * database but whose first TXID is not 1. Only its page index tells, so this looks only when
   * needed: from the newest file back to where the way to the goal breaks off.
   */
  private static Optional<StoredFile> wholeFile(Reach reach, Probe probe) throws IOException {
    long earliest = reach.earliestStart();
    for (StoredFile file : reach.furthestFirst()) {
      if (Long.compareUnsigned(file.maxTxid(), earliest) < 0) {
        break;
      }
      if (!file.isSnapshot() && probe.holdsWholeDatabase(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  private static String missing(Reach reach, Optional<StoredFile> start) {
    if (start.isEmpty()) {
      return "there is no snapshot at or before it";
    }
    List<StoredFile> chain = reach.from(start.get().maxTxid());
    long last = chain.isEmpty() ? start.get().maxTxid() : chain.get(chain.size() - 1).maxTxid();
    return "transactions "
        + Txid.format(last + 1)
        + " to "
        + Txid.format(reach.earliestStart())
        + " are missing in the store";
  }

  private static NotRestorableException notRestorable(
      StoreListing listing, RestoreTarget target, String why) throws IOException {
    return new NotRestorableException(
        listing + ": cannot restore " + target + ": " + why + "; " + nearest(listing, target));
  }

  /** The states before and after the target; where the times are compared, by a few requests. */
  private static String nearest(StoreListing listing, RestoreTarget target) throws IOException {
    List<StoredFile> states = listing.restorable(Set.of());
    if (states.isEmpty()) {
      return "no state can be restored from it";
    }
    int from = 0;
    int to = states.size();
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (isAfter(listing, states.get(middle), target)) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    List<String> nearest = new ArrayList<>();
    for (StoredFile state :
        states.subList(Math.max(0, from - 1), Math.min(states.size(), from + 1))) {
      nearest.add(new RestorePoint(state.maxTxid(), listing.timeOf(state)).toString());
    }
    return "nearest it can: " + String.join(" and ", nearest);
  }

  private static boolean isAfter(StoreListing listing, StoredFile state, RestoreTarget target)
      throws IOException {
    if (target instanceof RestoreTarget.AtTxid at) {
      return Long.compareUnsigned(state.maxTxid(), at.txid()) > 0;
    }
    return target instanceof RestoreTarget.AtTime at && listing.timeOf(state).isAfter(at.time());
  }
}
