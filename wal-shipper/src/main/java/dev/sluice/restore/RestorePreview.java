package dev.sluice.restore;

import dev.sluice.ltx.LtxHeader;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a restore would do.
 *
 * @param txid the last transaction of the state, unsigned; 0 from a backup of Litestream 0.3
 * @param time when that was committed
 * @param files that are read, oldest first
 * @param readBytes of all of them; a restore may need less, because it leaves out old content
 * @param sizeBytes of the database; -1 where only the restore itself shows that, as from a backup
 *     of Litestream 0.3
 */
public record RestorePreview(
    long txid, Instant time, List<StoredFile> files, long readBytes, long sizeBytes) {
  /**
   * Plans a restore: a listing, and the header of one file.
   *
   * @throws NotRestorableException if the store cannot give that moment
   */
  public static RestorePreview of(ObjectStore store, StoreLayout layout, RestoreTarget target)
      throws IOException {
    return LiveBackup.read(() -> attempt(store, layout, target));
  }

  private static RestorePreview attempt(ObjectStore store, StoreLayout layout, RestoreTarget target)
      throws IOException {
    StoreListing listing = StoreListing.read(store, layout);
    Optional<Generation> generation =
        listing.isEmpty() ? Generation.newest(store, layout, target) : Optional.empty();
    if (generation.isPresent()) {
      return new RestorePreview(
          0, generation.get().time(), generation.get().files(), sum(generation.get().files()), -1);
    }
    RestorePlan plan = RestorePlan.of(listing, target);
    StoredFile last = plan.files().get(plan.files().size() - 1);
    ByteBuffer bytes = ByteBuffer.allocate(LtxHeader.SIZE);
    store.readFully(last.key(), 0, bytes);
    LtxHeader header = LtxHeader.parse(bytes.flip());
    return new RestorePreview(
        plan.txid(),
        plan.time(),
        plan.files(),
        plan.sizeBytes(),
        (long) header.commit() * header.pageSize());
  }

  private static long sum(List<StoredFile> files) {
    return files.stream().mapToLong(StoredFile::sizeBytes).sum();
  }
}
