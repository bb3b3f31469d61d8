package dev.sluice.log;

import dev.sluice.log.Database.Differing;
import dev.sluice.ltx.EncodedLtx;
import dev.sluice.ltx.LtxDecoder;
import dev.sluice.ltx.LtxEncoder;
import dev.sluice.ltx.LtxHeader;
import dev.sluice.ltx.LtxSink;
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
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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
    return make(
        database,
        Snapshots::all,
        (raw, state) -> encode(database, raw, state.position(), checksums));
  }

  /**
   * Makes a transaction that leads from another history of a database to its state as of some
   * moment during the call.
   *
   * @param sums page checksums of the other state, of pages of the same size; that of page 1 has
   *     the index 1
   * @param checksum of the other state
   */
  public SnapshotFile difference(Database database, long[] sums, long checksum) throws IOException {
    return make(
        database,
        asked -> asked.differing(sums),
        (raw, state) -> encodeDifference(database, raw, state, checksum));
  }

  private static Differing all(Database database) {
    // Nothing has page 1 like this.
    return database.differing(new long[0]);
  }

  private interface Encoding {
    SnapshotFile encode(Path raw, Differing state) throws IOException;
  }

  private SnapshotFile make(
      Database database, Function<Database, Differing> wanted, Encoding encoding)
      throws IOException {
    Files.createDirectories(directory);
    Path raw = Files.createTempFile(directory, "snapshot", ".db");
    try {
      for (int attempt = 1; ; attempt++) {
        Differing state = copy(database, wanted.apply(database), raw);
        if (state != null) {
          return encoding.encode(raw, state);
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

  /**
   * Copies pages of the database to {@code raw}, with those that change meanwhile; gives the state
   * it is then in, or null when that has to be done again.
   */
  private @Nullable Differing copy(Database database, Differing from, Path raw) throws IOException {
    int pageSize = from.pageSize();
    if (pageSize == 0) {
      throw new IOException(database.name() + " has no transaction yet");
    }
    try (NativeFile file = NativeFile.open(raw, Libc.O_RDWR | Libc.O_TRUNC)) {
      BitSet unsettled = new BitSet();
      ByteBuffer page = ByteBuffer.allocateDirect(pageSize);
      BitSet pages = from.pages();
      for (int pgno = pages.nextSetBit(1); pgno > 0; pgno = pages.nextSetBit(pgno + 1)) {
        if (!copyPage(database, file, pgno, page)) {
          unsettled.set(pgno);
        }
      }
      return settle(database, file, unsettled, page) ? rollForward(database, file, from) : null;
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

  private static @Nullable Differing rollForward(Database database, NativeFile file, Differing from)
      throws IOException {
    int pageSize = from.pageSize();
    Position position = from.position();
    Position until = database.position();
    int pageCount = from.pageCount();
    BitSet pages = (BitSet) from.pages().clone();
    while (position.txid() < until.txid()) {
      List<LogEntry> entries = database.log().after(position.txid(), 256);
      if (entries.isEmpty() || entries.get(0).header().pageSize() != pageSize) {
        return null;
      }
      for (LogEntry entry : entries) {
        try (LtxDecoder decoder = LtxDecoder.open(database.log().source(entry), database.name())) {
          if (decoder.header().pageSize() != pageSize) {
            return null;
          }
          while (decoder.next()) {
            file.write(decoder.page(), (long) (decoder.pgno() - 1) * pageSize);
            pages.set(decoder.pgno());
          }
        }
        position = entry.position();
        pageCount = entry.header().commit();
      }
    }
    file.truncate((long) pageCount * pageSize);
    pages.clear(pageCount + 1, Integer.MAX_VALUE);
    return new Differing(position, pageSize, pageCount, pages);
  }

  private SnapshotFile encodeDifference(Database database, Path raw, Differing state, long checksum)
      throws IOException {
    Position position = state.position();
    LtxHeader header =
        LtxHeader.transactions(
            state.pageSize(),
            state.pageCount(),
            position.txid(),
            position.txid(),
            Math.max(1, database.lastCommitMillis()),
            checksum);
    Path out = NativeFile.createTemporary(directory, "difference", ".ltx");
    try (NativeFile in = NativeFile.open(raw, Libc.O_RDONLY);
        NativeFile target = NativeFile.open(out, Libc.O_RDWR | Libc.O_TRUNC)) {
      LtxEncoder encoder = new LtxEncoder();
      encoder.start(header, appending(target));
      ByteBuffer page = ByteBuffer.allocateDirect(state.pageSize());
      BitSet pages = state.pages();
      for (int pgno = pages.nextSetBit(1); pgno > 0; pgno = pages.nextSetBit(pgno + 1)) {
        in.readFully(page.clear(), (long) (pgno - 1) * state.pageSize());
        encoder.page(pgno, page.flip());
      }
      encoder.finish(position.checksum());
      return new SnapshotFile(out, header, position);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(out);
      throw e;
    }
  }

  private static LtxSink appending(NativeFile target) {
    long[] written = new long[1];
    return bytes -> {
      int n = bytes.remaining();
      target.write(bytes, written[0]);
      written[0] += n;
    };
  }

  private SnapshotFile encode(Database database, Path raw, Position position, boolean checksums)
      throws IOException {
    Path out = NativeFile.createTemporary(directory, "snapshot", ".ltx");
    try (NativeFile in = NativeFile.open(raw, Libc.O_RDONLY);
        NativeFile target = NativeFile.open(out, Libc.O_RDWR | Libc.O_TRUNC)) {
      int pageSize = database.pageSize();
      LtxHeader header =
          LtxHeader.snapshot(
              pageSize,
              (int) (in.size() / pageSize),
              position.txid(),
              Math.max(1, database.lastCommitMillis()));
      LtxSnapshot.Encoded encoded =
          LtxSnapshot.encode(
              checksums ? header : header.withoutChecksum(),
              (pgno, bytes) -> in.read(bytes, (long) (pgno - 1) * pageSize),
              appending(target),
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
