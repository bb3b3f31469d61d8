package dev.sluice.ship;

import dev.sluice.log.Database;
import dev.sluice.log.LogEntry;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.restore.Restore;
import dev.sluice.restore.StoreListing;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ObjectInfo;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a database goes on in a store that it begins to be shipped to.
 *
 * @param contents what is there
 * @param position the last position there that the log leads on from; {@link Position#NONE} when
 *     there is nothing
 * @param pageSize of the database there; 0 when there is nothing
 * @param refusal why nothing may be put there; null when it may
 */
record Attachment(
    StoreContents contents, Position position, int pageSize, @Nullable String refusal) {
  /** Asks the store, with one listing. */
  static Attachment find(Database database, Destination destination) throws IOException {
    StoreListing listing = StoreListing.read(destination.store(), destination.layout());
    StoreContents contents =
        new StoreContents(listing.files().stream().map(StoreFile::of).toList());
    StoreFile newest = contents.newest();
    if (newest == null) {
      return new Attachment(contents, Position.NONE, 0, null);
    }
    String known =
        destination
            .store()
            .head(destination.layout().key(newest.level(), newest.name()))
            .map(ObjectInfo::metadata)
            .map(metadata -> metadata.get(Restore.POSITION))
            .orElse(null);
    if (known != null) {
      Position there = Position.parse(known);
      if (database.log().contains(there)) {
        contents.add(newest.withChecksum(there.checksum()));
        List<LogEntry> last = database.log().after(there.txid() - 1, 1);
        int pageSize = last.isEmpty() ? database.pageSize() : last.get(0).header().pageSize();
        return new Attachment(contents, there, pageSize, null);
      }
    }
    return new Attachment(
        contents,
        Position.NONE,
        0,
        "the store at "
            + destination.url()
            + " holds another history (up to "
            + (known == null
                ? "TXID " + Txid.format(newest.maxTxid()) + ", written by another program"
                : known)
            + ", here it is "
            + database.position()
            + "); give this database another place, or restore from there first");
  }
}
