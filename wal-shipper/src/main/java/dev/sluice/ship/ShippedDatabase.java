package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.log.Snapshots;
import dev.sluice.log.Snapshots.SnapshotFile;
import dev.sluice.ltx.LtxCompactor;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
import dev.sluice.ltx.Position;
import dev.sluice.node.DatabaseStatus.StoreStatus;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredFile;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One database on its way to its store. */
final class ShippedDatabase {
  private static final Logger log = LoggerFactory.getLogger(ShippedDatabase.class);

  private static final long BATCH_BYTES = 32 << 20;

  /** A larger batch is merged in a file. */
  private static final long IN_MEMORY_BYTES = 4 << 20;

  private static final int BATCH_ENTRIES = 50_000;

  private final Database database;
  private final Destination destination;
  private final Snapshots snapshots;
  private final long keepLogBytes;
  private final AtomicBoolean claimed = new AtomicBoolean();

  /** One batch at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  /** What the store has; null until it was asked. Guarded by {@link #lock} for writing. */
  private volatile @Nullable Position shipped;

  /** Page size of the last file put; 0 before the first. Guarded by {@link #lock}. */
  private int shippedPageSize;

  private volatile @Nullable String error;
  private volatile boolean fenced;

  /** In a row. Guarded by {@link #lock} for writing. */
  private final AtomicInteger failures = new AtomicInteger();

  ShippedDatabase(
      Database database, Destination destination, Snapshots snapshots, long keepLogBytes) {
    this.database = database;
    this.destination = destination;
    this.snapshots = snapshots;
    this.keepLogBytes = keepLogBytes;
  }

  String name() {
    return database.name();
  }

  /** True for the one who may plan the next run. */
  boolean claim() {
    return claimed.compareAndSet(false, true);
  }

  void unclaim() {
    claimed.set(false);
  }

  int failures() {
    return failures.get();
  }

  /** Somebody else writes to the same place: trying again would not help. */
  boolean isFenced() {
    return fenced;
  }

  @Nullable String error() {
    return error;
  }

  StoreStatus status() {
    Position now = shipped;
    List<LogEntry> waiting = now == null ? List.of() : database.log().after(now.txid(), 1);
    return new StoreStatus(
        destination.url(),
        now == null || now.equals(Position.NONE) ? null : now.toString(),
        waiting.isEmpty() ? 0 : waiting.get(0).header().timestampMillis());
  }

  /** Ships all that is in the log when this is called. */
  void ship() throws IOException {
    lock.lock();
    try {
      if (fenced) {
        throw new IOException(error);
      }
      Position now = shipped;
      if (now == null) {
        now = findShipped();
        shipped = now;
      }
      Position until = database.position();
      while (Long.compareUnsigned(now.txid(), until.txid()) < 0) {
        now = shipBatch(now);
        shipped = now;
        database.log().trim(keepLogBytes, now.txid());
      }
      error = null;
      failures.set(0);
    } catch (IOException | RuntimeException e) {
      failures.incrementAndGet();
      error = e.getMessage();
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /** Asks the store, once, where it stands. */
  private Position findShipped() throws IOException {
    ObjectStore store = destination.store();
    StoreListing listing = StoreListing.read(store, destination.layout());
    Optional<StoredFile> newest =
        listing.files().stream()
            .max(
                Comparator.comparing(StoredFile::maxTxid, Long::compareUnsigned)
                    .thenComparing(StoredFile::level));
    if (newest.isEmpty()) {
      return Position.NONE;
    }
    String position =
        store
            .head(newest.get().key())
            .map(ObjectInfo::metadata)
            .orElse(Map.of())
            .get(Restore.POSITION);
    if (position != null) {
      Position there = Position.parse(position);
      if (database.log().contains(there)) {
        List<LogEntry> last = database.log().after(there.txid() - 1, 1);
        shippedPageSize = last.isEmpty() ? database.pageSize() : last.get(0).header().pageSize();
        return there;
      }
    }
    throw fence(
        "the store at "
            + destination.url()
            + " holds another history (up to "
            + (position == null
                ? "TXID " + newest.get().maxTxid() + ", written by another program"
                : position)
            + ", here it is "
            + database.position()
            + "); give this database another place, or restore from there first");
  }

  private IOException fence(String why) {
    fenced = true;
    error = why;
    return new IOException(why);
  }

  private Position shipBatch(Position from) throws IOException {
    List<LogEntry> batch = nextBatch(from);
    if (batch.isEmpty()) {
      // The log begins later, or the page size has changed: only a snapshot leads on.
      try (SnapshotFile snapshot = snapshots.make(database, false)) {
        put(
            StoreLayout.SNAPSHOT_LEVEL,
            snapshot.header(),
            snapshot.position(),
            ByteSource.of(snapshot.path()));
        return snapshot.position();
      }
    }
    List<LtxFile> inputs = new ArrayList<>(batch.size());
    for (LogEntry entry : batch) {
      inputs.add(LtxFile.open(database.log().source(entry), database.name()));
    }
    Position to = batch.get(batch.size() - 1).position();
    long size = batch.stream().mapToLong(LogEntry::length).sum();
    if (size <= IN_MEMORY_BYTES) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      LtxHeader header = merge(inputs, Channels.newChannel(bytes));
      put(0, header, to, ByteSource.of(bytes.toByteArray()));
      return to;
    }
    Path file = Files.createTempFile(database.directory(), "batch", ".ltx");
    try {
      LtxHeader header;
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
        header = merge(inputs, out);
      }
      put(0, header, to, ByteSource.of(file));
      return to;
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static LtxHeader merge(List<LtxFile> inputs, WritableByteChannel out) throws IOException {
    LtxSink sink =
        bytes -> {
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
        };
    return LtxCompactor.compact(inputs, sink, new LtxCompactor.Options(true, 1)).header();
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

  private void put(int level, LtxHeader header, Position position, ByteSource content)
      throws IOException {
    String key =
        destination.layout().key(level, new LtxFileName(header.minTxid(), header.maxTxid()));
    Map<String, String> metadata =
        Map.of(
            ObjectStore.TIMESTAMP,
            Instant.ofEpochMilli(header.timestampMillis()).toString(),
            Restore.POSITION,
            position.toString());
    // After a loss of power the store must not know what the log has forgotten.
    database.log().sync();
    try {
      destination.store().put(key, content, metadata, PutCondition.IF_ABSENT);
    } catch (PreconditionFailedException e) {
      throw fence(
          "another writer has put "
              + key
              + " to "
              + destination.url()
              + "; two nodes must not back up to one place: stop one of them, or give this database another place");
    }
    shippedPageSize = header.pageSize();
    log.debug("{}: shipped {}, {} bytes", database.name(), key, content.sizeBytes());
  }
}
