package dev.sluice.ship;

import dev.sluice.ltx.LtxFileName;
import dev.sluice.restore.StoreLayout;
import dev.sluice.restore.StoreListing;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Deletes what the retention does not ask for from the store of one database, without the node that
 * fills it. That node may run: it needs nothing of what is deleted.
 */
public final class Pruning {
  private static final int DELETED_AT_ONCE = 1000;

  private final ObjectStore store;
  private final List<Entry> expired;
  private final List<Entry> kept;

  /**
   * A file of the store.
   *
   * @param time of its last transaction; of an object store, at the latest
   */
  public record Entry(String key, int level, LtxFileName name, long sizeBytes, Instant time) {}

  private Pruning(ObjectStore store, List<Entry> expired, List<Entry> kept) {
    this.store = store;
    this.expired = List.copyOf(expired);
    this.kept = List.copyOf(kept);
  }

  /** Finds out what would go; one listing. */
  public static Pruning plan(
      ObjectStore store, StoreLayout layout, ShippingPolicy policy, Instant now)
      throws IOException {
    StoreListing listing = StoreListing.read(store, layout);
    StoreContents contents =
        new StoreContents(listing.files().stream().map(StoreFile::of).toList());
    Set<StoreFile> gone = new HashSet<>(Retention.expired(contents, policy, now.toEpochMilli()));
    List<Entry> expired = new ArrayList<>();
    List<Entry> kept = new ArrayList<>();
    for (StoreFile file : contents.all()) {
      Entry entry =
          new Entry(
              layout.key(file.level(), file.name()),
              file.level(),
              file.name(),
              file.sizeBytes(),
              Instant.ofEpochMilli(file.timeMillis()));
      (gone.contains(file) ? expired : kept).add(entry);
    }
    return new Pruning(store, expired, kept);
  }

  /** What is no longer needed. */
  public List<Entry> expired() {
    return expired;
  }

  /** What stays. */
  public List<Entry> kept() {
    return kept;
  }

  /** Deletes what is no longer needed. */
  public void apply() throws IOException {
    List<String> keys = expired.stream().map(Entry::key).toList();
    for (int at = 0; at < keys.size(); at += DELETED_AT_ONCE) {
      store.delete(keys.subList(at, Math.min(keys.size(), at + DELETED_AT_ONCE)));
    }
  }
}
