package dev.sluice.log;

import dev.sluice.ltx.Checksums;
import dev.sluice.ltx.EncodedLtx;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSnapshot;
import dev.sluice.ltx.Position;
import dev.sluice.ltx.Txid;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes snapshots of databases in use, without holding up a writer.
 *
 * <p>Copies page after page while transactions go on, keeping only pages that are as the last
 * transaction left them; then brings the copy to one position with the transactions of the log
 * since the copying began. The checksum of the whole proves the result.
 */
public final class Snapshots {
  private static final int TRIES = 5;
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private final Path directory;
  private final LivePages pages;

  /** Temporary files go to {@code directory}. */
  public Snapshots(Path directory, LivePages pages) {
    this.directory = directory;
    this.pages = pages;
  }

  /** A snapshot in a temporary file, deleted by {@link #close}. */
  public record SnapshotFile(Path path, LtxHeader header, Position position) implements Closeable {
    @Override
    public void close() throws IOException {
      Files.deleteIfExists(path);
    }
  }

  /**
   * Makes a snapshot of a database as of some moment during the call.
   *
   * @param checksums false for the NoChecksum flag
   */
  public SnapshotFile make(Database database, boolean checksums) throws IOException {
    Files.createDirectories(directory);
    Path raw = Files.createTempFile(directory, "snapshot", ".db");
    try {
      for (int attempt = 1; ; attempt++) {
        Position position = copy(database, raw);
        if (!position.equals(Position.NONE)) {
          return encode(database, raw, position, checksums);
        }
        if (attempt == TRIES) {
          throw new IOException(
              database.name()
                  + ": no consistent snapshot in "
                  + TRIES
                  + " tries; is the log on a full disk, or a rollback-mode transaction open for long?");
        }
      }
    } finally {
      Files.deleteIfExists(raw);
    }
  }

  /** Copies the database to {@code raw}; {@link Position#NONE} when that has to be done again. */
  private Position copy(Database database, Path raw) throws IOException {
    Position from = database.position();
    int pageSize = database.pageSize();
    int pageCount = database.pageCount();
    if (pageSize == 0) {
      throw new IOException(database.name() + " has no transaction yet");
    }
    int lockPage = Checksums.lockPage(pageSize);
    try (NativeFile file = NativeFile.open(raw, Libc.O_RDWR | Libc.O_TRUNC)) {
      BitSet unsettled = new BitSet();
      ByteBuffer page = ByteBuffer.allocateDirect(pageSize);
      for (int pgno = 1; pgno <= pageCount; pgno++) {
        if (pgno != lockPage && !copyPage(database, file, pgno, page)) {
          unsettled.set(pgno);
        }
      }
      if (!settle(database, file, unsettled, page)) {
        return Position.NONE;
      }
      return rollForward(database, file, from, pageSize);
    }
  }

  private boolean copyPage(Database database, NativeFile file, int pgno, ByteBuffer page)
      throws IOException {
    page.clear();
    pages.read(database.name(), pgno, page);
    page.flip();
    if (!database.isUnchanged(pgno, page)) {
      return false;
    }
    file.write(page, (long) (pgno - 1) * page.capacity());
    return true;
  }

  /** Waits for the pages that an open transaction has in hand. */
  private boolean settle(Database database, NativeFile file, BitSet unsettled, ByteBuffer page)
      throws IOException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!unsettled.isEmpty()) {
      for (int pgno = unsettled.nextSetBit(0); pgno >= 0; pgno = unsettled.nextSetBit(pgno + 1)) {
        if (pgno > database.pageCount() || copyPage(database, file, pgno, page)) {
          unsettled.clear(pgno);
        }
      }
      if (System.nanoTime() > deadline) {
        return false;
      }
      if (!unsettled.isEmpty()) {
        LockSupport.parkNanos(1_000_000);
      }
    }
    return true;
  }

  private static Position rollForward(
      Database database, NativeFile file, Position from, int pageSize) throws IOException {
    Position position = from;
    Position until = database.position();
    LogEntry last = null;
    while (position.txid() < until.txid()) {
      List<LogEntry> entries = database.log().after(position.txid(), 256);
      if (entries.isEmpty() || entries.get(0).header().pageSize() != pageSize) {
        return Position.NONE;
      }
      for (LogEntry entry : entries) {
        try (LtxDecoder decoder = LtxDecoder.open(database.log().source(entry), database.name())) {
          if (decoder.header().pageSize() != pageSize) {
            return Position.NONE;
          }
          while (decoder.next()) {
            file.write(decoder.page(), (long) (decoder.pgno() - 1) * pageSize);
          }
        }
        last = entry;
        position = entry.position();
      }
    }
    long size = (long) (last == null ? database.pageCount() : last.header().commit()) * pageSize;
    if (last == null && !database.position().equals(from)) {
      return Position.NONE;
    }
    file.truncate(size);
    return position;
  }

  private SnapshotFile encode(Database database, Path raw, Position position, boolean checksums)
      throws IOException {
    Path out = Files.createTempFile(directory, "snapshot", ".ltx");
    try (NativeFile in = NativeFile.open(raw, Libc.O_RDONLY);
        NativeFile target = NativeFile.open(out, Libc.O_RDWR | Libc.O_TRUNC)) {
      int pageSize = database.pageSize();
      LtxHeader header =
          LtxHeader.snapshot(
              pageSize,
              (int) (in.size() / pageSize),
              position.txid(),
              Math.max(1, database.lastCommitMillis()));
      long[] written = new long[1];
      LtxSnapshot.Encoded encoded =
          LtxSnapshot.encode(
              checksums ? header : header.withoutChecksum(),
              (pgno, bytes) -> in.read(bytes, (long) (pgno - 1) * pageSize),
              bytes -> {
                int n = bytes.remaining();
                target.write(bytes, written[0]);
                written[0] += n;
              },
              2);
      if (encoded.databaseChecksum() != position.checksum()) {
        throw new IOException(
            database.name()
                + ": a snapshot at "
                + position
                + " has the checksum "
                + Txid.format(encoded.databaseChecksum())
                + "; the database file does not agree with the log");
      }
      EncodedLtx file = encoded.file();
      return new SnapshotFile(out, file.header(), position);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(out);
      throw e;
    }
  }
}
