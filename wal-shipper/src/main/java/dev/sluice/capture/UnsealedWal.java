package dev.sluice.capture;

import dev.sluice.log.TransactionLog;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.WalRange;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions in a WAL that SQLite has committed, but whose frames it left unsealed, so that its
 * recovery would take them back; or worse, would mix what is before them with what a checkpoint has
 * already brought into the main file of them. Before it recovers, they are sealed here.
 */
final class UnsealedWal {
  private static final Logger log = LoggerFactory.getLogger(UnsealedWal.class);

  private UnsealedWal() {}

  /**
   * Seals what the log knows to be committed in a WAL that was found at the start.
   *
   * <p>The log says which transactions there were, and where in which generation of the WAL each
   * ended: frames of an earlier generation may lie behind those of this one. The log may know later
   * ones, which the WAL lost with the power; nobody was told that those are durable.
   *
   * @param mainPath path of the main file, as of the WAL; nobody uses them
   * @return false when all of it was sealed, and nothing was done
   */
  static boolean sealKnown(String mainPath, String walPath, TransactionLog known)
      throws IOException {
    try (NativeFile main = NativeFile.openRaw(mainPath, Libc.O_RDONLY);
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
      seal(mainPath, wal, views.frames(state));
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

  /**
   * Gives the first {@code frames} frames the salts and checksums by which SQLite's recovery finds
   * them, and makes the WAL durable. Who uses it now goes on with other checksums: nobody may.
   * Stopped in the middle of it, it can be done again.
   *
   * @param name of the database, for the operator
   * @return where what was changed begins in the file; -1 when all were sealed
   */
  static long seal(String name, NativeFile wal, int frames) throws IOException {
    WalReader reader = WalReader.open(wal::read).orElse(null);
    if (reader == null) {
      return -1;
    }
    while (reader.frame() < frames && reader.next()) {
      // Sealed.
    }
    int sealed = reader.frame();
    if (sealed == frames) {
      return -1;
    }
    log.warn(
        "{}: SQLite has left frames of committed transactions unsealed (before 3.51 it does) and"
            + " would not recover them; they are sealed now",
        name);
    WalHeader header = reader.header();
    long checksum = reader.checksum();
    ByteBuffer frame = ByteBuffer.allocateDirect(header.frameSize()).order(ByteOrder.BIG_ENDIAN);
    for (int i = sealed + 1; i <= frames; i++) {
      long at = header.frameOffset(i);
      wal.readFully(frame.clear(), at);
      checksum =
          WalFrameHeader.checksum(
              checksum, frame, 0, header.pageSize(), header.bigEndianChecksum());
      new WalFrameHeader(frame.getInt(0), frame.getInt(4), header.salt1(), header.salt2(), checksum)
          .writeTo(frame.clear());
      wal.write(frame.flip(), at);
    }
    wal.sync();
    return header.frameOffset(sealed + 1);
  }
}
