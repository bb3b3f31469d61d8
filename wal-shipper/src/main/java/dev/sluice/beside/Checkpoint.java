package dev.sluice.beside;

import dev.sluice.connection.IndexFile;
import dev.sluice.connection.LockedFile;
import dev.sluice.sqlite.FrameMap;
import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalIndex;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A passive checkpoint, as {@code SQLITE_CHECKPOINT_PASSIVE} does it: waits for nobody, and goes as
 * far as read marks allow.
 *
 * <pre>
 * CKPT exclusive → safe frame → READ(0) exclusive → fsync the WAL → pages → fsync → backfilled
 * </pre>
 */
final class Checkpoint {
  private static final int RUN_BYTES = 256 << 10;

  private final LockedFile main;
  private final LockedFile wal;
  private final WalIndex.Header header;
  private final ByteBuffer run;

  /** Pages in the buffer, and the first of them. */
  private int pages;

  private int first;

  private Checkpoint(LockedFile main, LockedFile wal, WalIndex.Header header) {
    this.main = main;
    this.wal = wal;
    this.header = header;
    this.run = ByteBuffer.allocateDirect(Math.max(RUN_BYTES, header.pageSize()));
  }

  /** Gives the number of frames that are in the main file now. */
  static int run(LockedFile main, LockedFile wal, IndexFile index) throws IOException {
    if (!index.tryLock(LockBytes.WAL_CHECKPOINT, 1)) {
      return index.backfilled();
    }
    try {
      WalIndex.Header header = index.header().orElse(null);
      int done = index.backfilled();
      if (header == null || header.maxFrame() <= done) {
        return done;
      }
      int safe = index.safeFrame(header.maxFrame());
      if (safe <= done || !index.tryLock(LockBytes.WAL_READ_0, 1)) {
        return done;
      }
      try {
        index.setBackfillAttempted(safe);
        wal.sync();
        int[] pgnos = index.pageNumbers(done + 1, safe);
        new Checkpoint(main, wal, header).copy(FrameMap.of(pgnos, pgnos.length), done);
        if (safe == header.maxFrame()) {
          truncate(main, header, index);
        }
        main.sync();
        index.setBackfilled(safe);
        return safe;
      } finally {
        index.unlock(LockBytes.WAL_READ_0, 1);
      }
    } finally {
      index.unlock(LockBytes.WAL_CHECKPOINT, 1);
    }
  }

  /** A page of no frame after the last is beyond the end; SQLite cuts those off here, too. */
  private static void truncate(LockedFile main, WalIndex.Header header, IndexFile index)
      throws IOException {
    long size = (long) header.pageCount() * header.pageSize();
    WalIndex.Header now = index.header().orElse(null);
    if (main.size() > size && now != null && now.maxFrame() == header.maxFrame()) {
      main.truncate(size);
    }
  }

  private void copy(FrameMap map, int before) throws IOException {
    int pageSize = header.pageSize();
    for (int i = 0; i < map.size(); i++) {
      int pgno = map.pgno(i);
      if (pgno > header.pageCount()) {
        continue;
      }
      if (pages > 0 && (pgno != first + pages || run.position() + pageSize > run.capacity())) {
        write();
      }
      if (pages == 0) {
        first = pgno;
      }
      pages++;
      long frame = (long) before + map.frame(i);
      long offset =
          WalHeader.SIZE + (frame - 1) * (WalFrameHeader.SIZE + pageSize) + WalFrameHeader.SIZE;
      run.limit(run.position() + pageSize);
      if (wal.read(run, offset) < pageSize) {
        throw new IOException(wal.path() + ": ends before frame " + frame);
      }
    }
    write();
  }

  private void write() throws IOException {
    if (pages > 0) {
      main.write(run.flip(), (first - 1L) * header.pageSize());
      pages = 0;
      run.clear();
    }
  }
}
