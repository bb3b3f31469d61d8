package dev.sluice.capture;

import dev.sluice.log.TransactionLog;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions in a WAL that SQLite has committed, but whose frames it left unsealed, so that its
 * recovery would take them back; or worse, would mix what is before them with what a checkpoint has
 * already brought into the main file of them.
 *
 * <p>The log says which of them there were, and where in which generation of the WAL each ended:
 * frames of an earlier generation may lie behind those of this one. The log may know later ones,
 * which the WAL lost with the power; nobody was told that those are durable.
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
      int state = newestCommitted(views, known);
      if (state <= views.newestSealed()) {
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

  /** The newest state that the log knows to have been committed there, or 0. */
  private static int newestCommitted(WalViews views, TransactionLog known) {
    for (int state = views.newest(); state > 0; state--) {
      WalRange at = views.range(state);
      Predicate<LtxHeader> there =
          header -> header.endsInWal(at.salt1(), at.salt2(), at.offset() + at.sizeBytes());
      if (known.find(views.pageSize(), views.size(state), views.checksum(state), there) != null) {
        return state;
      }
    }
    return 0;
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
