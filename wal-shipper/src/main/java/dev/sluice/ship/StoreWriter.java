package dev.sluice.ship;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.Position;
import dev.sluice.restore.Restore;
import dev.sluice.ship.Shipper.Destination;
import dev.sluice.store.ByteSource;
import dev.sluice.store.ObjectInfo;
import dev.sluice.store.ObjectStore;
import dev.sluice.store.PreconditionFailedException;
import dev.sluice.store.PutCondition;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts and deletes the LTX files of one database, and keeps {@link StoreContents} current. */
final class StoreWriter {
  private static final int DELETED_AT_ONCE = 1000;

  private final Destination destination;
  private final StoreContents contents;
  private final WriterClaim claim;

  StoreWriter(Destination destination, StoreContents contents, WriterClaim claim) {
    this.destination = destination;
    this.claim = claim;
    this.contents = contents;
  }

  /**
   * Puts a file that is not there yet. One that is there with the same position holds the same: it
   * was put before, and the answer was lost, with a process perhaps.
   *
   * @param position of the database after it; null when only the TXID is known
   * @throws SecondWriterException when somebody else has put another one
   */
  StoreFile put(int level, LtxHeader header, @Nullable Position position, ByteSource content)
      throws IOException {
    claim.check();
    String key =
        destination.layout().key(level, new LtxFileName(header.minTxid(), header.maxTxid()));
    Map<String, String> metadata = new HashMap<>();
    metadata.put(ObjectStore.TIMESTAMP, Instant.ofEpochMilli(header.timestampMillis()).toString());
    if (position != null) {
      metadata.put(Restore.POSITION, position.toString());
    }
    try {
      destination.store().put(key, content, metadata, PutCondition.IF_ABSENT);
    } catch (PreconditionFailedException e) {
      Optional<String> there =
          destination
              .store()
              .head(key)
              .map(ObjectInfo::metadata)
              .map(present -> present.get(Restore.POSITION));
      if (position == null || there.isEmpty() || !there.get().equals(position.toString())) {
        throw new SecondWriterException(
            "another writer has put " + key + " to " + destination.url(), e);
      }
    }
    StoreFile file =
        new StoreFile(
            level,
            header.minTxid(),
            header.maxTxid(),
            content.sizeBytes(),
            header.timestampMillis(),
            position == null ? 0 : position.checksum());
    contents.add(file);
    return file;
  }

  /** What could not be deleted is still known, and deleted next time. */
  void delete(Collection<StoreFile> files) throws IOException {
    claim.check();
    List<StoreFile> all = List.copyOf(files);
    for (int at = 0; at < all.size(); at += DELETED_AT_ONCE) {
      List<StoreFile> some = all.subList(at, Math.min(all.size(), at + DELETED_AT_ONCE));
      List<String> keys = new ArrayList<>();
      some.forEach(file -> keys.add(key(file)));
      destination.store().delete(keys);
      contents.remove(some);
    }
  }

  String key(StoreFile file) {
    return destination.layout().key(file.level(), file.name());
  }
}
