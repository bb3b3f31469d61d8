package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.log.Snapshots;
import dev.sluice.log.Snapshots.SnapshotFile;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxReheaded;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoredPages;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.ship.WriterClaim.TakingOverException;
import dev.sluice.store.ByteSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One database on its way to one store. Safe for use by many threads. */
final class ShippedDatabase {
  private static final Logger log = LoggerFactory.getLogger(ShippedDatabase.class);

  /** Transactions of more bytes together are not merged into one file; one may have more. */
  static final long BATCH_BYTES = 32 << 20;

  private static final int BATCH_ENTRIES = 50_000;

  /**
   * A first file larger than this is put as a snapshot: at level 0 the whole database would be
   * merged, and put again, level by level.
   */
  private static final long WHOLE_AT_LEVEL_0_BYTES = 1 << 20;

  private final Database database;
  private final Destination destination;
  private final Snapshots snapshots;
  private final Supplier<ShippingPolicy> policy;
  private final Clock clock;
  private final WriterClaim claim;
  private final Path directory;
  private final boolean takesOver;

  /** Taken by the one who may plan the next shipping. */
  private final AtomicBoolean claimed = new AtomicBoolean();

  /** When the next maintenance is planned. */
  private final AtomicLong plannedMillis = new AtomicLong(Maintenance.NEVER);

  private volatile boolean paused;
  private volatile long pausedUntilNanos;

  /** One batch at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * What the store is known to hold; null until it was asked. Guarded by {@link #lock} for writing.
   */
  private volatile @Nullable Attached attached;

  /** The last position in the store. Guarded by {@link #lock} for writing. */
  private volatile @Nullable Position shipped;

  /** Page size of the last file put; 0 before the first. Guarded by {@link #lock}. */
  private int shippedPageSize;

  /** What the next file put is to be the difference from. Guarded by {@link #lock}. */
  private @Nullable StoredPages base;

  private volatile @Nullable String error;
  private volatile @Nullable String maintenanceError;
  private volatile boolean fenced;

  /** Where the store stands, and who writes there. */
  record Attached(StoreContents contents, StoreWriter writer, Maintenance maintenance) {}

  /**
   * @param claim to where it is shipped
   * @param directory for temporary files
   * @param takesOver see {@link Attachment#find}
   */
  ShippedDatabase(
      Database database,
      Destination destination,
      Snapshots snapshots,
      Supplier<ShippingPolicy> policy,
      Clock clock,
      WriterClaim claim,
      Path directory,
      boolean takesOver) {
    this.takesOver = takesOver;
    this.claim = claim;
    this.database = database;
    this.destination = destination;
    this.snapshots = snapshots;
    this.policy = policy;
    this.clock = clock;
    this.directory = directory;
  }

  String name() {
    return database.name();
  }

  Destination destination() {
    return destination;
  }

  /** True for the one who may plan the next run. */
  boolean claim() {
    return claimed.compareAndSet(false, true);
  }

  void unclaim() {
    claimed.set(false);
  }

  /** Shipping has failed: not again before this time is over. */
  void pauseFor(long millis) {
    pausedUntilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    paused = true;
  }

  long pauseMillis() {
    return paused
        ? Math.max(0, TimeUnit.NANOSECONDS.toMillis(pausedUntilNanos - System.nanoTime()))
        : 0;
  }

  /** When the next maintenance is planned, to be set by who plans it. */
  AtomicLong plannedMillis() {
    return plannedMillis;
  }

  /** Somebody else writes to the same place: trying again would not help. */
  boolean isFenced() {
    return fenced;
  }

  @Nullable String error() {
    String e = error;
    return e == null ? maintenanceError : e;
  }

  /** The last transaction that the store has; 0 when it is not known or there is none. */
  long shippedTxid() {
    Position now = shipped;
    return now == null ? 0 : now.txid();
  }

  /** What its files in the store take; 0 while that is not known. */
  long keptBytes() {
    Attached to = attached;
    return to == null ? 0 : to.contents().sizeBytes();
  }

  StoreStatus status() {
    Position now = shipped;
    List<LogEntry> waiting = now == null ? List.of() : database.log().after(now.txid(), 1);
    Attached to = attached;
    StoreFile newest = to == null ? null : to.contents().newest();
    return new StoreStatus(
        destination.url(),
        now == null || now.equals(Position.NONE) ? null : now.toString(),
        waiting.isEmpty() ? 0 : waiting.get(0).header().timestampMillis(),
        newest == null ? 0 : newest.timeMillis(),
        to == null ? 0 : to.contents().oldestMillis(),
        error(),
        null,
        fenced);
  }

  /** Ships all that is in the log when this is called. */
  Position ship() throws IOException {
    if (database.position().equals(Position.NONE)) {
      return Position.NONE;
    }
    lock.lock();
    try {
      if (fenced) {
        throw new IOException(error);
      }
      Attached to = attached();
      Position now = shipped == null ? Position.NONE : shipped;
      // After attaching, which may have renumbered it.
      Position until = database.position();
      while (Long.compareUnsigned(now.txid(), until.txid()) < 0) {
        now = shipBatch(now, to.writer());
        shipped = now;
        to.maintenance().changed(clock.millis());
      }
      error = null;
      paused = false;
      return now;
    } catch (SecondWriterException e) {
      fenced = true;
      error = e.getMessage();
      throw e;
    } catch (TakingOverException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      error = e.getMessage();
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Leaves the store so that Litestream can go on there: it looks for the last transaction in a
   * file of its own.
   */
  void handOver() throws IOException {
    lock.lock();
    try {
      Attached to = attached;
      StoreFile last = to == null ? null : to.contents().newest(0);
      if (to == null || fenced || last == null || last.minTxid() == last.maxTxid()) {
        return;
      }
      List<LogEntry> entries = database.log().after(last.minTxid() - 1, BATCH_ENTRIES);
      int end = 0;
      while (end < entries.size() && entries.get(end).maxTxid() != last.maxTxid()) {
        end++;
      }
      if (end == 0 || end == entries.size() || last.maxTxid() != shippedTxid()) {
        return;
      }
      List<LtxFile> inputs = new ArrayList<>();
      for (LogEntry entry : entries.subList(0, end + 1)) {
        inputs.add(LtxFile.open(database.log().source(entry), database.name()));
      }
      try (MergedFile before = MergedFile.of(inputs.subList(0, end), directory);
          MergedFile single = MergedFile.single(inputs.get(end), directory)) {
        to.writer().put(0, before.header(), entries.get(end - 1).position(), before.content());
        to.writer().put(0, single.header(), entries.get(end).position(), single.content());
      }
      to.writer().delete(List.of(last));
    } finally {
      lock.unlock();
    }
  }

  /** Nothing is put any more. */
  void release() throws IOException {
    if (attached != null && !fenced) {
      claim.release();
    }
  }

  /** When {@link #maintain} has something to do. */
  long maintenanceMillis() {
    Attached to = attached;
    return to == null || fenced ? Maintenance.NEVER : to.maintenance().nextMillis();
  }

  /** Merges, takes snapshots and deletes, as far as that is due. */
  void maintain() throws IOException {
    Attached to = attached;
    if (to == null || fenced) {
      return;
    }
    try {
      to.maintenance().run(clock.millis());
      maintenanceError = null;
    } catch (SecondWriterException e) {
      fenced = true;
      error = e.getMessage();
      throw e;
    } catch (IOException | RuntimeException e) {
      maintenanceError = e.getMessage();
      throw e;
    }
  }

  /** Ships what is there, then makes a snapshot. */
  Position snapshot() throws IOException {
    ship();
    Attached to = attached;
    if (to == null) {
      throw new IOException(database.name() + " has no transaction yet");
    }
    Position position = to.maintenance().snapshotNow();
    to.maintenance().changed(clock.millis());
    return position;
  }

  /** Asks the store, once, where it stands. */
  private Attached attached() throws IOException {
    Attached known = attached;
    if (known != null) {
      return known;
    }
    claim.take(() -> refuse(takesOver ? null : Attachment.refusal(database, destination)));
    Attachment found = Attachment.find(database, destination, takesOver);
    refuse(found.refusal());
    StoreWriter writer = new StoreWriter(destination, found.contents(), claim);
    Attached made =
        new Attached(
            found.contents(),
            writer,
            new Maintenance(
                database,
                destination,
                snapshots,
                policy,
                directory,
                found.contents(),
                writer,
                this::ship));
    made.maintenance().changed(clock.millis());
    shippedPageSize = found.pageSize();
    base = found.pages();
    shipped = found.position();
    attached = made;
    return made;
  }

  private void refuse(@Nullable String why) throws IOException {
    if (why != null) {
      fenced = true;
      throw new IOException(why);
    }
  }

  private Position shipBatch(Position from, StoreWriter writer) throws IOException {
    List<LogEntry> batch = nextBatch(from);
    // After a loss of power the store must not know what the log has forgotten.
    database.log().sync();
    if (batch.isEmpty()) {
      return shipSnapshot(from, writer);
    }
    Position to = batch.get(batch.size() - 1).position();
    try (MergedFile merged = merged(batch)) {
      boolean snapshot =
          merged.header().isSnapshot() && merged.content().sizeBytes() > WHOLE_AT_LEVEL_0_BYTES;
      StoreFile file =
          writer.put(
              snapshot ? StoreLayout.SNAPSHOT_LEVEL : 0, merged.header(), to, merged.content());
      shippedPageSize = merged.header().pageSize();
      base = null;
      log.debug("{}: shipped {}, {} bytes", database.name(), file.name(), file.sizeBytes());
    }
    return to;
  }

  private MergedFile merged(List<LogEntry> batch) throws IOException {
    Path alone = batch.size() == 1 ? batch.get(0).file() : null;
    if (alone != null && base == null) {
      return new MergedFile(
          LtxReheaded.bare(batch.get(0).header()), ByteSource.ofFinal(alone), null);
    }
    List<LtxFile> inputs = new ArrayList<>(batch.size());
    for (LogEntry entry : batch) {
      inputs.add(LtxFile.open(database.log().source(entry), database.name()));
    }
    if (base != null) {
      return MergedFile.difference(inputs, base, directory);
    }
    return inputs.size() == 1
        ? MergedFile.single(inputs.get(0), directory)
        : MergedFile.of(inputs, directory);
  }

  /** The log begins later, or the page size has changed: only a snapshot leads on. */
  private Position shipSnapshot(Position from, StoreWriter writer) throws IOException {
    try (SnapshotFile snapshot = snapshots.make(database, false)) {
      database.log().sync();
      writer.put(
          StoreLayout.SNAPSHOT_LEVEL,
          snapshot.header(),
          snapshot.position(),
          ByteSource.ofFinal(snapshot.path()));
      shippedPageSize = snapshot.header().pageSize();
      base = null;
      if (!from.equals(Position.NONE)) {
        log.warn(
            "{}: no state between the transactions {} and {} can be restored from {}: the log no longer led on"
                + " from there, or the page size was changed; a snapshot was put in its place",
            database.name(),
            Txid.format(from.txid()),
            snapshot.position(),
            destination.url());
      }
      return snapshot.position();
    }
  }

  /** Entries that follow {@code from} and can be merged into one file. */
  private List<LogEntry> nextBatch(Position from) {
    List<LogEntry> entries = database.log().after(from.txid(), BATCH_ENTRIES);
    long bytes = 0;
    int n = 0;
    for (LogEntry entry : entries) {
      boolean first = n == 0;
      boolean resized = entry.header().pageSize() != entries.get(0).header().pageSize();
      if (!first && (resized || bytes + entry.length() > BATCH_BYTES)) {
        break;
      }
      bytes += entry.length();
      n++;
    }
    boolean resized =
        n > 0 && shippedPageSize != 0 && shippedPageSize != entries.get(0).header().pageSize();
    return resized ? List.of() : entries.subList(0, n);
  }
}
