package dev.sluice.apply;

import dev.sluice.connection.IndexFile;
import dev.sluice.connection.LockedFile;
import dev.sluice.connection.NativeBuffer;
import dev.sluice.sqlite.FrameMap;
import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalIndex;
import dev.sluice.sqlite.WalReader;
import dev.sluice.sqlite.WalScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A database in WAL mode, written by one more connection that never lets go of the write lock.
 *
 * <pre>
 * apply       frames → page numbers and hash slots → header (readers see it)
 * checkpoint  fsync the WAL → pages up to the oldest read mark → truncate → fsync → backfill count
 * restart     all is backfilled and nobody reads from the WAL → header with 0 frames → info
 * </pre>
 *
 * A kill between any two steps leaves what readers see, and what a recovery finds, as one of the
 * transactions. The caller holds SHARED on the main file throughout.
 */
final class WalMode implements AutoCloseable {
  /** A WAL that has grown to so many times its checkpoint threshold gives its space back. */
  private static final long KEPT_THRESHOLDS = 4;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final LockedFile main;
  private final LockedFile wal;
  private final IndexFile index;
  private final ReplicaOptions options;

  /** What is published. */
  private WalIndex.Header header;

  /** Of the WAL now in the file. */
  private int checkpointSequence;

  /** Page of each frame, from frame 1; what is beyond the published frames means nothing. */
  private int[] pgnos;

  private @Nullable FrameMap newest;

  /** An apply failed half way: what is published must be looked up. */
  private boolean isStale;

  private WalMode(LockedFile main, LockedFile wal, IndexFile index, ReplicaOptions options)
      throws IOException {
    this.main = main;
    this.wal = wal;
    this.index = index;
    this.options = options;
    checkpointSequence =
        WalReader.open(wal.reader()).map(r -> r.header().checkpointSequence()).orElse(0);
    load();
  }

  /** Takes what is published, or what the WAL has when nothing valid is. */
  private void load() throws IOException {
    newest = null;
    Optional<WalIndex.Header> published = index.header();
    // More backfilled than there is: a connection was killed while it began the WAL anew.
    if (published.isPresent() && index.backfilled() <= published.get().maxFrame()) {
      header = published.get();
      pgnos = index.pageNumbers(header.maxFrame());
    } else {
      Optional<WalScan> scan = WalScan.of(wal.reader());
      header = recovered(scan);
      pgnos = new int[Math.max(1024, header.maxFrame())];
      for (int frame = 1; frame <= header.maxFrame(); frame++) {
        pgnos[frame - 1] = scan.orElseThrow().pgno(frame);
      }
      index.recover(header, pgnos, options.lockTimeoutMillis());
    }
  }

  /** Joins the other connections, or finds and indexes what the last one left. */
  static WalMode open(LockedFile main, ReplicaOptions options) throws IOException {
    LockedFile wal = LockedFile.openBeside(main.path(), "-wal");
    IndexFile index = null;
    try {
      index = IndexFile.open(main.path(), options.lockTimeoutMillis());
      return new WalMode(main, wal, index, options);
    } catch (IOException | RuntimeException e) {
      if (index != null) {
        index.close();
      }
      wal.close();
      throw e;
    }
  }

  private static WalIndex.Header recovered(Optional<WalScan> scan) {
    if (scan.isEmpty() || scan.get().commits().isEmpty()) {
      return new WalIndex.Header(1, false, 0, 0, 0, 0, RANDOM.nextInt(), 0);
    }
    WalHeader wal = scan.get().header();
    WalScan.Commit last = scan.get().commits().get(scan.get().commits().size() - 1);
    return new WalIndex.Header(
        1,
        wal.bigEndianChecksum(),
        wal.pageSize(),
        last.lastFrame(),
        last.pageCount(),
        last.checksum(),
        wal.salt1(),
        wal.salt2());
  }

  /** Size of the database in pages, or 0 when the main file alone knows. */
  int pageCount() {
    return header.maxFrame() == 0 ? 0 : header.pageCount();
  }

  int frames() {
    return header.maxFrame();
  }

  /** Transactions of one page size, each asked for once the one before is written. */
  interface Transactions {
    /** Null after the last. */
    @Nullable TransactionPages next() throws IOException;
  }

  /**
   * Applies transactions, at least one: when this returns, new readers see the last. They see none
   * between, so any number costs one change of the index.
   */
  void apply(Transactions transactions) throws IOException {
    refresh();
    if (header.maxFrame() > 0 && index.backfilled() == header.maxFrame()) {
      tryRestart();
    }
    TransactionPages pages = transactions.next();
    if (pages == null) {
      throw new IllegalArgumentException("no transaction");
    }
    isStale = true;
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      Frames frames = new Frames(pages.pageSize(), buffer);
      do {
        frames.add(pages);
        pages = transactions.next();
      } while (pages != null);
      WalIndex.Header next = frames.end();
      index.append(header.maxFrame(), next.maxFrame(), pgnos);
      index.publish(next);
      header = next;
      newest = null;
      isStale = false;
    } finally {
      buffer.giveBack();
    }
  }

  /** After an apply that failed half way. */
  private void refresh() throws IOException {
    if (isStale) {
      load();
      isStale = false;
    }
  }

  private void tryRestart() throws IOException {
    WalIndex.Header empty =
        new WalIndex.Header(
            header.change(),
            false,
            header.pageSize(),
            0,
            header.pageCount(),
            0,
            header.salt1() + 1,
            RANDOM.nextInt());
    if (index.tryRestart(empty)) {
      header = empty;
      newest = null;
      checkpointSequence++;
      if (wal.size() > KEPT_THRESHOLDS * options.checkpointPages() * (long) header.pageSize()) {
        wal.truncate(0);
      }
    }
  }

  /** Frames on their way to the file. */
  private final class Frames {
    private final NativeBuffer buffer;
    private final WalHeader walHeader;
    private final int frameSize;
    private long checksum;
    private int frame = header.maxFrame();
    private long offset;
    private int filled;
    private int pageCount;

    Frames(int pageSize, NativeBuffer buffer) {
      this.buffer = buffer;
      boolean first = frame == 0;
      this.walHeader =
          new WalHeader(
              !first && header.bigEndianChecksum(),
              pageSize,
              checkpointSequence,
              header.salt1(),
              first ? RANDOM.nextInt() : header.salt2());
      this.frameSize = walHeader.frameSize();
      if (first) {
        checksum = walHeader.writeTo(buffer.bytes().clear());
        filled = WalHeader.SIZE;
      } else {
        checksum = header.frameChecksum();
        offset = walHeader.frameOffset(frame + 1);
      }
    }

    void add(TransactionPages pages) throws IOException {
      if (!pages.next()) {
        throw new IOException(main.path() + ": a transaction without pages");
      }
      boolean more = true;
      while (more) {
        if (filled + frameSize > NativeBuffer.IO_BYTES) {
          flush();
        }
        int pgno = pages.pgno();
        copy(pages.page());
        more = pages.next();
        finish(pgno, more ? 0 : pages.commit());
      }
      pageCount = pages.commit();
    }

    /** What to publish. */
    WalIndex.Header end() throws IOException {
      flush();
      return new WalIndex.Header(
          header.change() + 1,
          walHeader.bigEndianChecksum(),
          walHeader.pageSize(),
          frame,
          pageCount,
          checksum,
          walHeader.salt1(),
          walHeader.salt2());
    }

    private void copy(ByteBuffer page) {
      buffer.bytes().put(filled + WalFrameHeader.SIZE, page, page.position(), walHeader.pageSize());
    }

    /** Completes the frame whose page is in the buffer. */
    private void finish(int pgno, int commit) {
      ByteBuffer bytes = buffer.bytes();
      bytes.putInt(filled, pgno).putInt(filled + 4, commit);
      checksum =
          WalFrameHeader.checksum(
              checksum, bytes, filled, walHeader.pageSize(), walHeader.bigEndianChecksum());
      bytes.putInt(filled + 8, walHeader.salt1()).putInt(filled + 12, walHeader.salt2());
      bytes.putLong(filled + 16, checksum);
      filled += frameSize;
      if (frame == pgnos.length) {
        pgnos = Arrays.copyOf(pgnos, frame * 2);
      }
      pgnos[frame++] = pgno;
    }

    private void flush() throws IOException {
      wal.write(buffer, 0, filled, offset);
      offset += filled;
      filled = 0;
    }
  }

  /**
   * Copies pages from the WAL to the database, as far as readers allow.
   *
   * @return true when everything is in the database
   */
  boolean checkpoint() throws IOException {
    refresh();
    if (!index.tryLock(LockBytes.WAL_CHECKPOINT, 1)) {
      return false;
    }
    try {
      int frames = header.maxFrame();
      int done = index.backfilled();
      int safe = done == frames ? frames : index.safeFrame(frames);
      if (safe > done && index.tryLock(LockBytes.WAL_READ_0, 1)) {
        try {
          backfill(done, safe);
          done = safe;
        } finally {
          index.unlock(LockBytes.WAL_READ_0, 1);
        }
      }
      return done == frames;
    } finally {
      index.unlock(LockBytes.WAL_CHECKPOINT, 1);
    }
  }

  private void backfill(int done, int safe) throws IOException {
    index.setBackfillAttempted(safe);
    if (options.sync()) {
      wal.sync();
    }
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      copyPages(buffer, done, safe);
    } finally {
      buffer.giveBack();
    }
    if (safe == header.maxFrame()) {
      long size = (long) header.pageCount() * header.pageSize();
      if (main.size() != size) {
        main.truncate(size);
      }
    }
    if (options.sync()) {
      main.sync();
    }
    index.setBackfilled(safe);
  }

  /** Copies the newest content of each page, unless a later checkpoint must; runs in one write. */
  private void copyPages(NativeBuffer buffer, int done, int safe) throws IOException {
    FrameMap map = newest();
    int pageSize = header.pageSize();
    int first = 0;
    int count = 0;
    for (int i = 0; i < map.size(); i++) {
      int pgno = map.pgno(i);
      int frame = map.frame(i);
      if (frame <= done || frame > safe || pgno > header.pageCount()) {
        continue;
      }
      if (count > 0 && (pgno != first + count || (count + 1) * pageSize > NativeBuffer.IO_BYTES)) {
        main.write(buffer, 0, count * pageSize, (long) (first - 1) * pageSize);
        count = 0;
      }
      if (count == 0) {
        first = pgno;
      }
      readFrame(frame, buffer, count * pageSize);
      count++;
    }
    main.write(buffer, 0, count * pageSize, (long) (first - 1) * pageSize);
  }

  private void readFrame(int frame, NativeBuffer buffer, int at) throws IOException {
    int pageSize = header.pageSize();
    long offset =
        WalHeader.SIZE
            + (long) (frame - 1) * (WalFrameHeader.SIZE + pageSize)
            + WalFrameHeader.SIZE;
    if (wal.read(buffer, at, pageSize, offset) < pageSize) {
      throw new IOException(wal.path() + ": ends before frame " + frame);
    }
  }

  private FrameMap newest() {
    FrameMap map = newest;
    if (map == null) {
      map = FrameMap.of(pgnos, header.maxFrame());
      newest = map;
    }
    return map;
  }

  /** Reads a page to the start of the buffer if the WAL has it. */
  boolean read(int pgno, NativeBuffer buffer) throws IOException {
    int frame = newest().frameOf(pgno);
    if (frame != 0) {
      readFrame(frame, buffer, 0);
    }
    return frame != 0;
  }

  /** Deletes -shm and -wal. Only when all is in the database and nobody else has it open. */
  void delete() throws IOException {
    Files.deleteIfExists(index.file().path());
    Files.deleteIfExists(wal.path());
    close();
  }

  /** Empties what may lie at the place of the WAL of a database that had none. */
  static void discard(Path database) throws IOException {
    for (String suffix : new String[] {"-shm", "-wal"}) {
      Files.deleteIfExists(database.resolveSibling(database.getFileName() + suffix));
    }
  }

  /** Releases the write lock and the place among the connections. */
  @Override
  public void close() {
    index.close();
    wal.close();
  }
}
