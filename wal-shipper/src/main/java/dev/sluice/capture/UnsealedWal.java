package dev.sluice.capture;

import dev.sluice.log.LogEntry;
import dev.sluice.log.TransactionLog;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions in a WAL that SQLite has committed, but whose frames it left unsealed, so that its
 * recovery would take them back.
 *
 * <p>The log says which of them there were: the WAL is fsynced before it, so a state of the files
 * that the log knows was committed. The log may know later ones, which the WAL lost with the power;
 * nobody was told that those are durable.
 */
final class UnsealedWal {
  private static final Logger log = LoggerFactory.getLogger(UnsealedWal.class);

  private UnsealedWal() {}

  /**
   * Brings the newest unsealed state that the log knows into the main file, and empties the WAL.
   * Killed in the middle of it, the next start does it again.
   *
   * @param mainPath path of the main file, as of the WAL; nobody uses them
   * @return false when there is none, and nothing was done
   */
  static boolean save(String mainPath, String walPath, TransactionLog known) throws IOException {
    try (NativeFile main = NativeFile.openRaw(mainPath, Libc.O_RDWR);
        NativeFile wal = NativeFile.openRaw(walPath, Libc.O_RDWR)) {
      WalReader reader = WalReader.open(wal::read).orElse(null);
      WalViews views = reader == null ? null : WalViews.readUnsealed(main, wal, reader);
      if (views == null) {
        return false;
      }
      int state = newestKnown(views, known, views.newest(), views.newestSealed() + 1);
      int sealed = newestKnown(views, known, views.newestSealed(), 0);
      // Frames of an earlier generation may lie behind those of this one, and lead back.
      if (state < 0 || (sealed >= 0 && txid(views, known, state) <= txid(views, known, sealed))) {
        return false;
      }
      log.warn(
          "{}: SQLite has left frames of committed transactions unsealed (before 3.51 it does) and"
              + " would not recover them; they go into the main file",
          mainPath);
      checkpoint(main, views, state);
      known.sync();
      wal.truncate(0);
      return true;
    }
  }

  /** The newest of some states that the log knows, or -1. */
  private static int newestKnown(WalViews views, TransactionLog known, int newest, int oldest) {
    for (int state = newest; state >= oldest; state--) {
      if (txid(views, known, state) > 0) {
        return state;
      }
    }
    return -1;
  }

  /** The transaction that led to a state; 0 when the log knows none. */
  private static long txid(WalViews views, TransactionLog known, int state) {
    LogEntry entry = known.find(views.pageSize(), views.size(state), views.checksum(state));
    return entry == null ? 0 : entry.maxTxid();
  }

  private static void checkpoint(NativeFile main, WalViews views, int state) throws IOException {
    int pageSize = views.pageSize();
    WalViews.Reader pages = views.reader().at(state);
    ByteBuffer page = ByteBuffer.allocateDirect(pageSize);
    for (int pgno : views.framed(state)) {
      pages.read(pgno, page.clear());
      main.write(page.flip(), (long) (pgno - 1) * pageSize);
    }
    main.truncate((long) views.size(state) * pageSize);
    main.sync();
  }
}
