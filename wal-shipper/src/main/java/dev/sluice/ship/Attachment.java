package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.NotRestorableException;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreListing;
import dev.sluice.restore.StoredPages;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ObjectInfo;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a database goes on in a store that it begins to be shipped to.
 *
 * <table>
 *   <caption>What is there, and what becomes of it</caption>
 *   <tr><td>nothing</td><td>the log from its beginning</td></tr>
 *   <tr><td>a position of the log</td><td>what follows it in the log</td></tr>
 *   <tr><td>a state of the log under another TXID: the node's own state was lost, or another program
 *       backed this database up</td><td>the log is renumbered to go on from there</td></tr>
 *   <tr><td>ends with a state that the log never had, but has an earlier one that it had under
 *       another TXID: an earlier state was restored</td><td>the log is renumbered, and the difference is put</td></tr>
 *   <tr><td>written by another program, no common state</td><td>the same</td></tr>
 *   <tr><td>anything else: another database, or this one forked</td><td>nothing is put there; by a
 *       node that became the primary of a cluster, a snapshot after it</td></tr>
 * </table>
 *
 * @param contents what is there
 * @param position the last position there that the log leads on from; {@link Position#NONE} when
 *     there is nothing
 * @param pageSize of the database there; 0 when there is nothing
 * @param pages what is there page by page, when the next file put is to hold the difference only
 * @param refusal why nothing may be put there; null when it may
 */
record Attachment(
    StoreContents contents,
    Position position,
    int pageSize,
    @Nullable StoredPages pages,
    @Nullable String refusal) {
  private static final Logger log = LoggerFactory.getLogger(Attachment.class);

  /** How many files are looked at for a state that the log knows. */
  private static final int LOOK_BACK = 200;

  /** Why nothing may be put there, as {@link #refusal()} would have it, but changes nothing. */
  static @Nullable String refusal(Database database, Destination destination) throws IOException {
    StoreContents contents = contents(StoreListing.read(destination.store(), destination.layout()));
    StoreFile newest = contents.newest();
    Optional<Position> there = newest == null ? Optional.empty() : position(destination, newest);
    if (there.isEmpty()
        || database.log().contains(there.get())
        || database.log().find(there.get().checksum()) != null
        || !commonState(database, destination, contents).equals(Position.NONE)) {
      return null;
    }
    return refusal(database, destination, there.get());
  }

  private static StoreContents contents(StoreListing listing) {
    return new StoreContents(listing.files().stream().map(StoreFile::of).toList());
  }

  /**
   * Asks the store, with one listing.
   *
   * @param takesOver whether this node's history is the one that counts, whatever is there
   */
  static Attachment find(Database database, Destination destination, boolean takesOver)
      throws IOException {
    StoreListing listing = StoreListing.read(destination.store(), destination.layout());
    StoreContents contents = contents(listing);
    StoreFile newest = contents.newest();
    if (newest == null) {
      return new Attachment(contents, Position.NONE, 0, null, null);
    }
    Optional<Position> known = position(destination, newest);
    if (known.isPresent()) {
      return ours(database, destination, listing, contents, newest, known.get(), takesOver);
    }
    StoredPages pages;
    try {
      pages = StoredPages.newest(destination.store(), listing);
    } catch (NotRestorableException e) {
      log.warn(
          "{}: what is at {} can't be restored, a snapshot will follow: {}",
          database.name(),
          destination.url(),
          e.getMessage());
      return goOn(database, contents, new Position(newest.maxTxid(), 0), null);
    }
    log.info(
        "{}: going on with what another program has put to {}, after TXID {}",
        database.name(),
        destination.url(),
        Txid.format(newest.maxTxid()));
    if (database.log().contains(pages.position())) {
      LogEntry first = database.log().first();
      boolean difference = first != null && first.before().equals(pages.position());
      return new Attachment(
          contents, pages.position(), pages.pageSize(), difference ? pages : null, null);
    }
    return goOn(database, contents, pages.position(), pages);
  }

  /** Sluice has written there. */
  private static Attachment ours(
      Database database,
      Destination destination,
      StoreListing listing,
      StoreContents contents,
      StoreFile newest,
      Position there,
      boolean takesOver)
      throws IOException {
    if (database.log().contains(there)) {
      contents.add(newest.withChecksum(there.checksum()));
      List<LogEntry> last = database.log().after(there.txid() - 1, 1);
      int pageSize = last.isEmpty() ? database.pageSize() : last.get(0).header().pageSize();
      return new Attachment(contents, there, pageSize, null, null);
    }
    if (database.log().find(there.checksum()) != null) {
      log.info(
          "{}: the store at {} has this database as it is; going on there after {}",
          database.name(),
          destination.url(),
          there);
      return goOn(database, contents, there, null);
    }
    Position earlier = commonState(database, destination, contents);
    if (!earlier.equals(Position.NONE)) {
      log.warn(
          "{}: this database was restored to {} of what is at {}, which goes on to {}; going on after that",
          database.name(),
          earlier,
          destination.url(),
          there);
      return goOn(database, contents, there, StoredPages.newest(destination.store(), listing));
    }
    if (takesOver) {
      log.warn(
          "{}: what is at {} ends with {}, which the primary before this one has put there and this one never had;"
              + " it stays there, and a snapshot follows it",
          database.name(),
          destination.url(),
          there);
      return goOn(database, contents, there, null);
    }
    return new Attachment(contents, Position.NONE, 0, null, refusal(database, destination, there));
  }

  private static String refusal(Database database, Destination destination, Position there) {
    return "the store at "
        + destination.url()
        + " holds another history (up to "
        + there
        + ", here it is "
        + database.position()
        + "); give this database another place, or restore from there first";
  }

  /**
   * An earlier state in the store that the log knows, but under another TXID. When the TXID is the
   * same, both have gone on from there in different ways, and none.
   */
  private static Position commonState(
      Database database, Destination destination, StoreContents contents) throws IOException {
    List<StoreFile> newestFirst =
        contents.all().stream()
            .sorted(
                Comparator.comparing(StoreFile::maxTxid, Long::compareUnsigned)
                    .thenComparing(StoreFile::level)
                    .reversed())
            .limit(LOOK_BACK)
            .toList();
    long last = 0;
    for (StoreFile file : newestFirst) {
      if (file.maxTxid() == last) {
        continue;
      }
      last = file.maxTxid();
      Optional<Position> there = position(destination, file);
      if (there.isPresent() && database.log().contains(there.get())) {
        return Position.NONE;
      }
      if (there.isPresent() && database.log().find(there.get().checksum()) != null) {
        return there.get();
      }
    }
    return Position.NONE;
  }

  /**
   * Renumbers the log so that it goes on from a position in the store.
   *
   * @param pages what is there; null when it need not be known
   */
  private static Attachment goOn(
      Database database, StoreContents contents, Position there, @Nullable StoredPages pages)
      throws IOException {
    LogEntry same = there.checksum() == 0 ? null : database.log().find(there.checksum());
    LogEntry first = database.log().first();
    if (first == null) {
      throw new IOException(database.name() + ": nothing is in the log yet");
    }
    if (same != null && Long.compareUnsigned(same.maxTxid(), there.txid()) < 0) {
      database.renumber(there.txid() - same.maxTxid(), Position.NONE);
      return new Attachment(contents, there, same.header().pageSize(), null, null);
    }
    if (first.minTxid() == 1 && there.checksum() != 0) {
      database.renumber(there.txid(), there);
      int pageSize = pages == null ? first.header().pageSize() : pages.pageSize();
      return new Attachment(contents, there, pageSize, pages, null);
    }
    // The log leads nowhere from there, so that a snapshot is put.
    long shift = there.txid() + 2 - first.minTxid();
    if (shift > 0) {
      database.renumber(shift, Position.NONE);
    }
    return new Attachment(contents, there, first.header().pageSize(), null, null);
  }

  private static Optional<Position> position(Destination destination, StoreFile file)
      throws IOException {
    return destination
        .store()
        .head(destination.layout().key(file.level(), file.name()))
        .map(ObjectInfo::metadata)
        .map(metadata -> metadata.get(Restore.POSITION))
        .map(Position::parse);
  }
}
