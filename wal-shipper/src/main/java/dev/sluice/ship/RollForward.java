package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSource;
import dev.sluice.ltx.Position;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredFile;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ByteRange;
import dev.sluice.store.ObjectInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what a store has beyond the log into the log, as one transaction, as a follower takes those
 * of its primary.
 *
 * <pre>
 *   log     … ─ 17/aa
 *   store   … ─ 17/aa ─ 18 ─ 19/bb     ─►   18…19: the pages of 18 and 19 that differ, aa ─► bb
 *   store   … ─ 16/99 ─ 17/cc ─ 18/dd  ─►   18: all pages that differ, aa ─► dd
 * </pre>
 *
 * The log and the store must have some state in common. The pages then have to lead to the checksum
 * of the position in the store. When they don't (the second case: this node has a transaction that
 * never came to the store, and another primary went on without it), all pages of the store are
 * compared. Stateless.
 */
public final class RollForward {
  private static final Logger log = LoggerFactory.getLogger(RollForward.class);

  /** How many files are looked at for a state that the log knows. */
  private static final int LOOK_BACK = 200;

  private final Database database;
  private final Destination from;
  private final Path temporary;

  private RollForward(Database database, Destination from, Path temporary) {
    this.database = database;
    this.from = from;
    this.temporary = temporary;
  }

  /**
   * Brings the log of a database to where a store is, if that is further.
   *
   * @param before run once before the log changes
   * @param temporary a directory
   * @return whether there was something to take
   * @throws IOException when what is there can't be read, or is another database
   */
  public static boolean run(Database database, Destination from, Before before, Path temporary)
      throws IOException {
    return new RollForward(database, from, temporary).run(before);
  }

  /** Takes note that the log is about to change. */
  public interface Before {
    void run() throws IOException;
  }

  private boolean run(Before before) throws IOException {
    StoreListing listing = StoreListing.read(from.store(), from.layout());
    Optional<StoredFile> newest =
        listing.files().stream()
            .max(
                Comparator.comparing(StoredFile::maxTxid, Long::compareUnsigned)
                    .thenComparing(StoredFile::level));
    if (newest.isEmpty()) {
      return false;
    }
    Position there = position(newest.get());
    if (there == null) {
      throw new IOException(
          database.name()
              + ": what is at "
              + from.url()
              + " was put there by another program; it is not known whether this node has it");
    }
    if (database.log().contains(there) || database.log().find(there.checksum()) != null) {
      return false;
    }
    Position here = database.position();
    if (!here.equals(Position.NONE) && !isOfThisHistory(listing, here)) {
      throw anotherHistory(there, here);
    }
    before.run();
    if (Long.compareUnsigned(there.txid(), here.txid()) > 0
        && append(listing.leadingOn(here.txid()), there)) {
      log.warn(
          "{}: taken from {}: what leads from {} to {}", database.name(), from.url(), here, there);
      return true;
    }
    if (!append(listing.leadingOn(0), there)) {
      throw anotherHistory(there, here);
    }
    log.warn(
        "{}: taken from {}: {}; what this node had at {} and the store never got is taken back",
        database.name(),
        from.url(),
        there,
        here);
    return true;
  }

  private IOException anotherHistory(Position there, Position here) {
    return new IOException(
        database.name()
            + ": the store at "
            + from.url()
            + " holds another history (up to "
            + there
            + ", here it is "
            + here
            + "); give this database another place, or restore from there first");
  }

  private @Nullable Position position(StoredFile file) throws IOException {
    return from.store()
        .head(file.key())
        .map(ObjectInfo::metadata)
        .map(metadata -> metadata.get(Restore.POSITION))
        .map(Position::parse)
        .orElse(null);
  }

  /** Whether the store and the log have some state in common. */
  private boolean isOfThisHistory(StoreListing listing, Position here) throws IOException {
    List<StoredFile> newestFirst =
        listing.files().stream()
            .filter(file -> Long.compareUnsigned(file.maxTxid(), here.txid()) <= 0)
            .sorted(
                Comparator.comparing(StoredFile::maxTxid, Long::compareUnsigned)
                    .thenComparing(StoredFile::level)
                    .reversed())
            .limit(LOOK_BACK)
            .toList();
    for (StoredFile file : newestFirst) {
      Position there = position(file);
      if (there != null && database.log().contains(there)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Appends what files hold.
   *
   * @param chain of files, oldest first
   * @return false when that does not lead to {@code there}
   */
  private boolean append(List<StoredFile> chain, Position there) throws IOException {
    if (chain.isEmpty() || chain.get(chain.size() - 1).maxTxid() != there.txid()) {
      return false;
    }
    Files.createDirectories(temporary);
    List<Path> copies = new ArrayList<>();
    List<LtxFile> files = new ArrayList<>();
    try {
      for (StoredFile file : chain) {
        Path copy = Files.createTempFile(temporary, "stored", ".ltx");
        copies.add(copy);
        try (InputStream in = from.store().get(file.key(), ByteRange.ALL);
            TemporaryFile out = new TemporaryFile(copy)) {
          out.copy(in);
        }
        files.add(LtxFile.open(LtxSource.of(copy), from.url() + "/" + file.key()));
      }
      Path merged = Files.createTempFile(temporary, "stored", ".ltx");
      copies.add(merged);
      return append(files, there, merged);
    } finally {
      for (LtxFile file : files) {
        file.close();
      }
      for (Path copy : copies) {
        Files.deleteIfExists(copy);
      }
    }
  }

  private boolean append(List<LtxFile> files, Position there, Path merged) throws IOException {
    LtxHeader last = files.get(files.size() - 1).header();
    LtxHeader header = header(last, there);
    boolean whole = header.isSnapshot() || last.pageSize() != database.pageSize();
    long[] sums = whole ? new long[0] : database.pageSums();
    Map<Integer, LtxFile> newest = newest(files, last);
    try (TemporaryFile out = new TemporaryFile(merged)) {
      LtxEncoder encoder = new LtxEncoder();
      encoder.start(header, out);
      ByteBuffer page = ByteBuffer.allocateDirect(last.pageSize());
      for (Map.Entry<Integer, LtxFile> each : newest.entrySet()) {
        int pgno = each.getKey();
        each.getValue().readPage(pgno, page.clear());
        page.flip();
        // A file has at least one page.
        if (pgno == 1 || pgno >= sums.length || sums[pgno] != Checksums.page(pgno, page)) {
          encoder.page(pgno, page);
        }
      }
      encoder.finish(there.checksum());
    }
    try (LtxSource source = LtxSource.of(merged)) {
      database.append(source);
      return true;
    } catch (IllegalArgumentException e) {
      log.debug("{}: {} does not lead to {}", database.name(), from.url(), there, e);
      return false;
    }
  }

  /** The first transaction after this node's last; the last one there, or that one again. */
  private LtxHeader header(LtxHeader last, Position there) {
    Position here = database.position();
    long next = here.txid() + 1;
    long until = Long.compareUnsigned(there.txid(), next) < 0 ? next : there.txid();
    return here.equals(Position.NONE)
        ? LtxHeader.snapshot(last.pageSize(), last.commit(), until, last.timestampMillis())
        : LtxHeader.transactions(
            last.pageSize(), last.commit(), next, until, last.timestampMillis(), here.checksum());
  }

  /** By page, the file that has its newest content. */
  private static Map<Integer, LtxFile> newest(List<LtxFile> files, LtxHeader last) {
    Map<Integer, LtxFile> newest = new TreeMap<>();
    int lockPage = Checksums.lockPage(last.pageSize());
    for (LtxFile file : files) {
      // What a file cuts off was not there before the next one that has it.
      newest.keySet().removeIf(pgno -> pgno > file.header().commit());
      for (int i = 0; i < file.index().count(); i++) {
        int pgno = file.index().pgno(i);
        if (pgno != lockPage && pgno <= last.commit()) {
          newest.put(pgno, file);
        }
      }
    }
    return newest;
  }
}
