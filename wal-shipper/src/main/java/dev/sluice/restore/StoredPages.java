package dev.sluice.restore;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.LtxFile;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.Position;
import dev.sluice.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest state of a database in a store, page by page as checksums: enough to tell what differs
 * from it. All of its pages are read once; kept are 8 bytes of each.
 */
public final class StoredPages {
  private static final int THREADS = 2;

  private final Position position;
  private final int pageSize;
  private final long[] sums;

  private StoredPages(Position position, int pageSize, long[] sums) {
    this.position = position;
    this.pageSize = pageSize;
    this.sums = sums;
  }

  /**
   * Reads the newest state.
   *
   * @throws NotRestorableException if the store has none
   */
  public static StoredPages newest(ObjectStore store, StoreListing listing) throws IOException {
    RestorePlan plan = RestorePlan.of(listing, RestoreTarget.LATEST);
    List<LtxFile> inputs = new ArrayList<>();
    try {
      for (StoredFile file : plan.files()) {
        inputs.add(StoreSource.open(store, file));
      }
      LtxHeader last = inputs.get(inputs.size() - 1).header();
      int pageSize = last.pageSize();
      long[] sums = new long[last.commit()];
      Position position =
          LtxSnapshot.decode(inputs, (pgno, pages) -> sum(sums, pgno, pages, pageSize), THREADS);
      return new StoredPages(position, pageSize, sums);
    } finally {
      for (LtxFile input : inputs) {
        input.close();
      }
    }
  }

  private static void sum(long[] sums, int pgno, ByteBuffer pages, int pageSize) {
    for (int at = 0; pages.remaining() >= pageSize; at++) {
      ByteBuffer page = pages.slice(pages.position(), pageSize);
      sums[pgno - 1 + at] = Checksums.page(pgno + at, page);
      pages.position(pages.position() + pageSize);
    }
  }

  /** Where the database stands there. */
  public Position position() {
    return position;
  }

  /** Bytes. */
  public int pageSize() {
    return pageSize;
  }

  /** Whether the database there has this page with this content. */
  public boolean has(int pgno, ByteBuffer content) {
    return pgno <= sums.length && sums[pgno - 1] == Checksums.page(pgno, content);
  }
}
