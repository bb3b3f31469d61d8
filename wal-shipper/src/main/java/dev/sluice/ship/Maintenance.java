package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.Snapshots;
import dev.sluice.log.Snapshots.SnapshotFile;
import dev.sluice.ltx.Position;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreLayout;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done with the files of one database in one store besides putting new ones: merging them
 * into higher levels, snapshots, and deleting what is no longer needed.
 *
 * <pre>
 *   log ─► level 0 ─► level 1 ─► … ─► level n        each merged from the one before, when its time comes
 *   database ───────────────────────► level 9        snapshots
 * </pre>
 *
 * <p>Each of these becomes due only because something was put, so the store of a database without
 * commits is soon left alone. It goes on beside the shipping of new transactions, which never waits
 * for it. Safe for use by many threads.
 */
final class Maintenance {
  private static final Logger log = LoggerFactory.getLogger(Maintenance.class);

  /** Deletions are gathered for this long where there are no levels. */
  private static final long GATHER_MILLIS = 30_000;

  static final long NEVER = Long.MAX_VALUE;

  private final Database database;
  private final Destination destination;
  private final Snapshots snapshots;
  private final Supplier<ShippingPolicy> policy;
  private final Path directory;
  private final StoreContents contents;
  private final StoreWriter writer;
  private final Step ship;

  /** One run at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  /** When each level is due; {@link #NEVER} when the level before has nothing for it. */
  private final AtomicLongArray due;

  /**
   * @param ship puts all transactions that are committed
   */
  Maintenance(
      Database database,
      Destination destination,
      Snapshots snapshots,
      Supplier<ShippingPolicy> policy,
      Path directory,
      StoreContents contents,
      StoreWriter writer,
      Step ship) {
    this.database = database;
    this.destination = destination;
    this.snapshots = snapshots;
    this.policy = policy;
    this.directory = directory;
    this.contents = contents;
    this.writer = writer;
    this.ship = ship;
    due = new AtomicLongArray(policy.get().levels().size() + 1);
    for (int level = 0; level < due.length(); level++) {
      due.set(level, NEVER);
    }
  }

  /** Takes note that something was put. */
  void changed(long nowMillis) {
    for (int level = 1; level < due.length(); level++) {
      if (Long.compareUnsigned(contents.maxTxid(level - 1), contents.maxTxid(level)) > 0) {
        due.compareAndSet(level, NEVER, policy.get().nextMillis(level, nowMillis));
      }
    }
  }

  /** When there is something to do; {@link #NEVER} when there will be nothing without a commit. */
  long nextMillis() {
    long next = Math.min(snapshotDue(), retentionDue());
    for (int level = 1; level < due.length(); level++) {
      next = Math.min(next, due.get(level));
    }
    return next;
  }

  private long snapshotDue() {
    StoreFile newest = contents.newest();
    StoreFile snapshot = contents.newest(StoreLayout.SNAPSHOT_LEVEL);
    if (newest == null || (snapshot != null && snapshot.maxTxid() == newest.maxTxid())) {
      return NEVER;
    }
    long lastMillis =
        snapshot != null
            ? snapshot.timeMillis()
            : contents.all().stream()
                .filter(file -> file.minTxid() == 1)
                .mapToLong(StoreFile::timeMillis)
                .min()
                .orElse(0);
    return lastMillis + policy.get().snapshotInterval().toMillis();
  }

  private long retentionDue() {
    long next = Retention.nextMillis(contents, policy.get());
    long gather =
        policy.get().levels().isEmpty() ? GATHER_MILLIS : policy.get().levels().get(0).toMillis();
    return next == NEVER ? NEVER : -Math.floorDiv(-next, gather) * gather;
  }

  /**
   * Does what is due. What fails stays due, and does not keep the rest from being done.
   *
   * @throws IOException the first failure
   */
  void run(long nowMillis) throws IOException {
    lock.lock();
    try {
      IOException failure = null;
      for (int level = 1; level < due.length(); level++) {
        if (due.get(level) <= nowMillis) {
          int to = level;
          failure = attempt(() -> compact(to, nowMillis), failure);
        }
      }
      if (snapshotDue() <= nowMillis) {
        failure = attempt(this::snapshot, failure);
      }
      if (retentionDue() <= nowMillis) {
        failure = attempt(() -> expire(nowMillis), failure);
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Makes a snapshot of the database as it is now; gives the position of the newest there is. */
  Position snapshotNow() throws IOException {
    lock.lock();
    try {
      StoreFile newest = contents.newest(StoreLayout.SNAPSHOT_LEVEL);
      Position now = database.position();
      boolean there = newest != null && now.equals(newest.position());
      return there ? now : snapshot();
    } finally {
      lock.unlock();
    }
  }

  interface Step {
    @Nullable Object run() throws IOException;
  }

  private @Nullable IOException attempt(Step step, @Nullable IOException before) {
    try {
      step.run();
      return before;
    } catch (IOException e) {
      return before == null ? e : before;
    }
  }

  private @Nullable Object compact(int level, long nowMillis) throws IOException {
    for (List<StoreFile> run : contents.runsInto(level)) {
      try (MergeInputs inputs =
              MergeInputs.open(
                  run,
                  database,
                  destination.store(),
                  writer::key,
                  directory,
                  gone -> contents.remove(List.of(gone)));
          MergedFile merged = MergedFile.of(inputs.files(), directory)) {
        StoreFile file =
            writer.put(
                level, merged.header(), positionAfter(run.get(run.size() - 1)), merged.content());
        log.debug(
            "{}: level {} has {}, {} bytes of {} files",
            database.name(),
            level,
            file.name(),
            file.sizeBytes(),
            run.size());
      }
    }
    due.set(level, NEVER);
    changed(nowMillis);
    return null;
  }

  private @Nullable Position positionAfter(StoreFile file) throws IOException {
    if (file.position() != null) {
      return file.position();
    }
    OptionalLong checksum = database.log().checksumAfter(file.maxTxid());
    String known =
        destination
            .store()
            .head(writer.key(file))
            .map(ObjectInfo::metadata)
            .map(metadata -> metadata.get(Restore.POSITION))
            .orElse(null);
    if (known != null) {
      return Position.parse(known);
    }
    // What another program has put, the log knows when this node has gone on from there.
    return checksum.isPresent() ? new Position(file.maxTxid(), checksum.getAsLong()) : null;
  }

  private Position snapshot() throws IOException {
    // A store that is away is found out before the work.
    ship.run();
    try (SnapshotFile snapshot = snapshots.make(database, false)) {
      // A node killed after the snapshot goes on from there: what leads to it must be put before.
      ship.run();
      StoreFile file =
          writer.put(
              StoreLayout.SNAPSHOT_LEVEL,
              snapshot.header(),
              snapshot.position(),
              ByteSource.ofFinal(snapshot.path()));
      log.info("{}: snapshot {}, {} bytes", database.name(), file.name(), file.sizeBytes());
      return snapshot.position();
    }
  }

  private @Nullable Object expire(long nowMillis) throws IOException {
    List<StoreFile> expired = Retention.expired(contents, policy.get(), nowMillis);
    writer.delete(expired);
    log.debug("{}: {} files of the store deleted", database.name(), expired.size());
    return null;
  }
}
