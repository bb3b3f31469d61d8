package dev.sluice.beside;

import dev.sluice.connection.IndexFile;
import dev.sluice.connection.LockedFile;
import dev.sluice.log.Database;
import dev.sluice.log.PageReader;
import dev.sluice.os.FileStatus;
import dev.sluice.sqlite.FrameMap;
import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalIndex;
import dev.sluice.sqlite.WalScan;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The WAL and the wal-index of a database, as one more connection has them: what the header of the
 * wal-index publishes is captured, and the {@link Gate} sees to it that no frame is overwritten
 * before. For the holder of the database's lock.
 */
final class AttachedWal implements Closeable {
  /** More pending commits than these become one transaction. */
  private static final int MAX_SINGLE_COMMITS = 32;

  private static final int LOCK_MILLIS = 1000;

  /** Of a WAL that nobody has written to. */
  private static final WalIndex.Header NOTHING = new WalIndex.Header(0, false, 0, 0, 0, 0, 0, 0);

  /** What a look at the WAL came to. */
  enum Seen {
    /** Nothing new. */
    NOTHING,
    /** What was new is captured. */
    CAPTURED,
    /** A writer is publishing, or the index is being recovered. */
    UNSETTLED,
    /** Frames may be gone that were not captured. */
    GAP
  }

  private final LockedFile main;
  private final LockedFile wal;
  private final IndexFile index;
  private final Gate gate;
  private final long inode;
  private final long indexInode;

  /** What is captured; null before the first comparison. */
  private WalIndex.@Nullable Header captured;

  private ByteBuffer frames = ByteBuffer.allocateDirect(0);

  /** Newest captured frames, made when somebody reads pages. */
  private @Nullable FrameMap newest;

  private int[] pages = new int[64];

  private AttachedWal(LockedFile main, LockedFile wal, IndexFile index) throws IOException {
    this.main = main;
    this.wal = wal;
    this.index = index;
    this.gate = new Gate(index);
    FileStatus status = new FileStatus();
    wal.status(status);
    this.inode = status.inode();
    index.file().status(status);
    this.indexInode = status.inode();
  }

  /**
   * Joins the connections to a database in WAL mode, and makes the files that a first connection
   * makes: then nothing can be written before the gate is closed.
   */
  static AttachedWal open(LockedFile main) throws IOException {
    LockedFile wal = LockedFile.openBeside(main.path(), "-wal");
    IndexFile index = null;
    try {
      index = IndexFile.join(main.path(), LOCK_MILLIS);
      AttachedWal attached = new AttachedWal(main, wal, index);
      if (index.header().isEmpty()) {
        attached.recoverIndex();
      }
      attached.gate.close();
      return attached;
    } catch (IOException | RuntimeException e) {
      if (index != null) {
        index.close();
      }
      wal.close();
      throw e;
    }
  }

  /**
   * Indexes what the WAL has committed, as the first connection after a crash does. Whoever holds
   * the lock is about to do the same.
   */
  private void recoverIndex() throws IOException {
    if (!index.tryLock(LockBytes.WAL_WRITE, 1)) {
      return;
    }
    try {
      if (index.header().isPresent()) {
        return;
      }
      WalScan scan = WalScan.of(wal.reader()).orElse(null);
      int[] pgnos = new int[scan == null ? 0 : scan.frameCount()];
      for (int frame = 1; frame <= pgnos.length; frame++) {
        pgnos[frame - 1] = scan == null ? 0 : scan.pgno(frame);
      }
      index.recover(scan == null ? NOTHING : recovered(scan), pgnos, LOCK_MILLIS);
    } finally {
      index.unlock(LockBytes.WAL_WRITE, 1);
    }
  }

  private static WalIndex.Header recovered(WalScan scan) {
    WalHeader of = scan.header();
    int count = scan.commits().size();
    WalScan.Commit last = count == 0 ? null : scan.commits().get(count - 1);
    return new WalIndex.Header(
        0,
        of.bigEndianChecksum(),
        of.pageSize(),
        last == null ? 0 : last.lastFrame(),
        last == null ? 0 : last.pageCount(),
        last == null ? 0 : last.checksum(),
        of.salt1(),
        of.salt2());
  }

  long inode() {
    return inode;
  }

  long indexInode() {
    return indexInode;
  }

  /** What is captured, for a note to resume from; null before the first comparison. */
  WalIndex.@Nullable Header captured() {
    return captured;
  }

  /**
   * Goes on where an earlier process was, if the frames since then are still there.
   *
   * @return false when only a comparison can tell what happened
   */
  boolean resume(int salt1, int salt2, int frame) throws IOException {
    WalIndex.Header header = index.header().orElse(null);
    if (header == null
        || frame == 0
        || header.salt1() != salt1
        || header.salt2() != salt2
        || header.maxFrame() < frame
        || !gate.isClosed()) {
      return false;
    }
    captured =
        new WalIndex.Header(
            header.change(),
            header.bigEndianChecksum(),
            header.pageSize(),
            frame,
            header.pageCount(),
            header.frameChecksum(),
            salt1,
            salt2);
    newest = null;
    return true;
  }

  /** Whether one can go on from a main file that was captured as it is. */
  enum Fresh {
    YES,
    /** Frames may be gone. */
    NO,
    /** Somebody is about to index it, so that one can't tell yet. */
    UNSETTLED
  }

  /**
   * Goes on from a main file that was captured as it is, when this WAL began after that and has
   * lost no frame since.
   */
  Fresh resumeNew() throws IOException {
    if (!gate.isClosed()) {
      return Fresh.NO;
    }
    WalIndex.Header header = index.header().orElse(null);
    if (header == null) {
      return Fresh.UNSETTLED;
    }
    int commits = commits(header);
    // The index counts the commits since it was made; after a recovery it does not know.
    if (commits < header.change() || (commits > 0 && header.change() == 0)) {
      return Fresh.NO;
    }
    captured = at(header, 0, 0);
    newest = null;
    return Fresh.YES;
  }

  /** Whether nothing has been published since. */
  boolean isAsCaptured() throws IOException {
    WalIndex.Header at = captured;
    WalIndex.Header now = index.header().orElse(null);
    return at != null
        && now != null
        && now.maxFrame() == at.maxFrame()
        && !isAnew(at, now)
        && (gate.isOpen() || gate.isClosed());
  }

  /** Captures what has been committed since the last look. */
  Seen capture(Database database) throws IOException {
    WalIndex.Header from = captured;
    if (from == null) {
      return Seen.GAP;
    }
    WalIndex.Header header = index.header().orElse(null);
    if (header == null) {
      return Seen.UNSETTLED;
    }
    if (!gate.isClosed() && (isAnew(from, header) || header.maxFrame() != from.maxFrame())) {
      if (!gate.close() && !gate.isOpen()) {
        return gate.isOpening() ? Seen.UNSETTLED : Seen.GAP;
      }
      // Nobody can begin it anew from here on.
      header = index.header().orElse(null);
      if (header == null) {
        return Seen.UNSETTLED;
      }
    }
    Gate.Passage passage = gate.takePassage();
    boolean anew = isAnew(from, header);
    if (anew) {
      boolean continues =
          switch (passage) {
            case ONE -> true;
            case SOME -> cutOvertaken(database, from, header);
            case NONE -> gate.isClosed() && from.maxFrame() == 0;
          };
      if (!continues) {
        if (passage == Gate.Passage.SOME) {
          gate.wasTooSlow();
        }
        return Seen.GAP;
      }
      from = at(header, 0, header.change() - commits(header));
      captured = from;
      newest = null;
    }
    if (header.maxFrame() < from.maxFrame()) {
      return Seen.GAP;
    }
    if (header.maxFrame() == from.maxFrame()) {
      return anew ? Seen.CAPTURED : Seen.NOTHING;
    }
    return cut(database, from, header) ? Seen.CAPTURED : Seen.GAP;
  }

  private static boolean isAnew(WalIndex.Header from, WalIndex.Header to) {
    return from.salt1() != to.salt1() || from.salt2() != to.salt2();
  }

  /** How many commits are in the frames of a generation; -1 when they are not there. */
  private int commits(WalIndex.Header header) throws IOException {
    ByteBuffer head = ByteBuffer.allocateDirect(WalFrameHeader.SIZE);
    int commits = 0;
    for (int frame = 1; frame <= header.maxFrame(); frame++) {
      if (wal.read(head.clear(), offset(header, frame)) < WalFrameHeader.SIZE) {
        return -1;
      }
      commits += WalFrameHeader.parse(head.flip()).isCommit() ? 1 : 0;
    }
    return commits;
  }

  /**
   * Captures commits that were appended and checkpointed just before the WAL began anew, from where
   * the new generation has not come to yet.
   *
   * @return false when they are not there any more
   */
  private boolean cutOvertaken(Database database, WalIndex.Header from, WalIndex.Header to)
      throws IOException {
    int commits = commits(to);
    int missed = to.change() - from.change() - commits;
    if (commits < 0 || missed < 0) {
      return false;
    }
    ByteBuffer head = ByteBuffer.allocateDirect(WalFrameHeader.SIZE);
    long[] entries = new long[16];
    int count = 0;
    for (int frame = from.maxFrame() + 1; missed > 0; frame++) {
      if (frame <= to.maxFrame()
          || wal.read(head.clear(), offset(from, frame)) < WalFrameHeader.SIZE) {
        return false;
      }
      WalFrameHeader of = WalFrameHeader.parse(head.flip());
      if (of.salt1() != from.salt1() || of.salt2() != from.salt2()) {
        return false;
      }
      if (count == entries.length) {
        entries = Arrays.copyOf(entries, count * 2);
      }
      entries[count++] = ((long) of.pgno() << 32) | frame;
      if (of.isCommit()) {
        commit(database, from, of.commit(), entries, count);
        count = 0;
        missed--;
      }
    }
    return true;
  }

  /** Lets writers begin the WAL anew, when all is captured and in the main file. */
  void openGate() throws IOException {
    WalIndex.Header at = captured;
    if (at != null && at.maxFrame() > 0) {
      gate.open(at);
    }
  }

  boolean isGateOpen() {
    return gate.isOpen();
  }

  /** Whether writers find a moment to begin the WAL anew by themselves. */
  boolean isGateHelpful() {
    return gate.isOpen() || gate.mayBeOpening();
  }

  boolean isGateOpening() {
    return gate.isOpening();
  }

  /** Frames captured that no checkpoint has copied to the main file yet. */
  int notBackfilled() throws IOException {
    WalIndex.Header at = captured;
    return at == null ? 0 : at.maxFrame() - Math.min(at.maxFrame(), index.backfilled());
  }

  int capturedFrames() {
    WalIndex.Header at = captured;
    return at == null ? 0 : at.maxFrame();
  }

  private static WalIndex.Header at(WalIndex.Header header, int frame, int change) {
    return new WalIndex.Header(
        change,
        header.bigEndianChecksum(),
        header.pageSize(),
        frame,
        header.pageCount(),
        header.frameChecksum(),
        header.salt1(),
        header.salt2());
  }

  private boolean cut(Database database, WalIndex.Header from, WalIndex.Header to)
      throws IOException {
    int commits = to.change() - from.change();
    return (commits > 0 && commits <= MAX_SINGLE_COMMITS)
        ? cutEach(database, from, to)
        : cutTogether(database, from, to);
  }

  /** One transaction for each commit. Returns false when the WAL does not have the frames. */
  private boolean cutEach(Database database, WalIndex.Header from, WalIndex.Header to)
      throws IOException {
    ByteBuffer head = ByteBuffer.allocateDirect(WalFrameHeader.SIZE);
    int first = from.maxFrame() + 1;
    int change = from.change();
    long[] entries = new long[16];
    int count = 0;
    for (int frame = first; frame <= to.maxFrame(); frame++) {
      if (wal.read(head.clear(), offset(to, frame)) < WalFrameHeader.SIZE) {
        return false;
      }
      WalFrameHeader of = WalFrameHeader.parse(head.flip());
      if (count == entries.length) {
        entries = Arrays.copyOf(entries, count * 2);
      }
      entries[count++] = ((long) of.pgno() << 32) | frame;
      if (of.isCommit() || frame == to.maxFrame()) {
        int size = of.isCommit() ? of.commit() : to.pageCount();
        commit(database, to, size, entries, count);
        count = 0;
        captured = at(to, frame, frame == to.maxFrame() ? to.change() : ++change);
        newest = null;
      }
    }
    return true;
  }

  /** One transaction for all of them. */
  private boolean cutTogether(Database database, WalIndex.Header from, WalIndex.Header to)
      throws IOException {
    int first = from.maxFrame() + 1;
    int[] pgnos = index.pageNumbers(first, to.maxFrame());
    if (wal.size() < offset(to, to.maxFrame() + 1)) {
      return false;
    }
    long[] entries = new long[pgnos.length];
    for (int i = 0; i < pgnos.length; i++) {
      entries[i] = ((long) pgnos[i] << 32) | (first + i);
    }
    commit(database, to, to.pageCount(), entries, pgnos.length);
    captured = to;
    newest = null;
    return true;
  }

  /**
   * Cuts one transaction.
   *
   * @param entries page number in the upper half, frame in the lower; sorted here
   */
  private void commit(
      Database database, WalIndex.Header header, int size, long[] entries, int count)
      throws IOException {
    Arrays.sort(entries, 0, count);
    if (pages.length < count || (pages.length > 4096 && count < 64)) {
      pages = new int[Math.max(64, count)];
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (i + 1 == count || entries[i] >>> 32 != entries[i + 1] >>> 32) {
        pages[kept] = (int) (entries[i] >>> 32);
        entries[kept++] = entries[i];
      }
    }
    int distinct = kept;
    PageReader reader =
        (pgno, target) -> {
          int at = Arrays.binarySearch(pages, 0, distinct, pgno);
          if (at >= 0) {
            readFrame(header, (int) entries[at], target);
          } else {
            // A page that came to be without being written: what it was before, or zeros.
            read(pgno, target);
          }
        };
    database.commit(header.pageSize(), size, pages, distinct, reader);
  }

  private static long offset(WalIndex.Header header, int frame) {
    return WalHeader.SIZE + (frame - 1L) * (WalFrameHeader.SIZE + header.pageSize());
  }

  private void readFrame(WalIndex.Header header, int frame, ByteBuffer target) throws IOException {
    if (wal.read(target, offset(header, frame) + WalFrameHeader.SIZE) < header.pageSize()) {
      throw new IOException(wal.path() + ": ends before frame " + frame);
    }
  }

  /** Reads a page as what is captured has it, while no checkpoint has gone beyond that. */
  void read(int pgno, ByteBuffer target) throws IOException {
    WalIndex.Header at = captured;
    int frame = frameOf(pgno);
    if (at != null && frame != 0) {
      ByteBuffer page = buffer(at.pageSize());
      readFrame(at, frame, page);
      target.put(page.flip());
    } else {
      Pages.readMain(main, pgno, target);
    }
  }

  /** The newest frame captured of a page; 0 when the main file has it. */
  private int frameOf(int pgno) throws IOException {
    WalIndex.Header at = captured;
    if (at == null || at.maxFrame() == 0) {
      return 0;
    }
    FrameMap map = newest;
    if (map == null) {
      map = FrameMap.of(index.pageNumbers(1, at.maxFrame()), at.maxFrame());
      newest = map;
    }
    return map.frameOf(pgno);
  }

  /** Of all that is captured. */
  private PageReader reader() {
    return new PageReader() {
      @Override
      public void read(int pgno, ByteBuffer target) throws IOException {
        AttachedWal.this.read(pgno, target);
      }

      @Override
      public void readAll(int first, int pageSize, ByteBuffer target) throws IOException {
        int start = target.position();
        int count = target.remaining() / pageSize;
        Pages.readMain(main, first, pageSize, target);
        for (int i = 0; i < count; i++) {
          if (frameOf(first + i) != 0) {
            AttachedWal.this.read(first + i, target.slice(start + i * pageSize, pageSize));
          }
        }
      }
    };
  }

  private ByteBuffer buffer(int size) {
    if (frames.capacity() != size) {
      frames = ByteBuffer.allocateDirect(size);
    }
    return frames.clear();
  }

  /**
   * Compares all pages with the log, in a reader's snapshot, and cuts what differs.
   *
   * @return whether something did; empty when the snapshot can't be had now
   */
  Optional<Boolean> compare(Database database) throws IOException {
    for (int attempt = 0; attempt < 10; attempt++) {
      WalIndex.Header header = index.header().orElse(null);
      if (header == null || !gate.snapshot(header.maxFrame())) {
        return Optional.empty();
      }
      try {
        WalIndex.Header now = index.header().orElse(null);
        if (header.equals(now)) {
          return Optional.of(compareAt(database, header));
        }
      } finally {
        gate.endSnapshot();
      }
    }
    return Optional.empty();
  }

  private boolean compareAt(Database database, WalIndex.Header header) throws IOException {
    captured = header;
    newest = null;
    boolean complete = false;
    try {
      int[] framed = header.maxFrame() == 0 ? new int[0] : index.pageNumbers(1, header.maxFrame());
      Pages.Shape shape =
          header.maxFrame() == 0
              ? Pages.shape(main)
              : new Pages.Shape(header.pageSize(), header.pageCount());
      int[] candidates = Pages.differing(database, main, shape, framed);
      boolean differs =
          database.commit(
              shape.pageSize(), shape.pageCount(), candidates, candidates.length, reader());
      complete = true;
      return differs;
    } finally {
      if (!complete) {
        captured = null;
      }
    }
  }

  /** Copies frames to the main file as a passive checkpoint does. */
  void checkpoint() throws IOException {
    // With the gate open all of them are there, and READ(0) must not be let go of.
    if (!gate.isOpen() && (gate.isClosed() || gate.close())) {
      Checkpoint.run(main, wal, index);
    }
  }

  /** Takes the place of the writer; false when somebody else writes. */
  boolean tryLockWriters() throws IOException {
    return index.tryLock(LockBytes.WAL_WRITE, 1);
  }

  void unlockWriters() throws IOException {
    index.unlock(LockBytes.WAL_WRITE, 1);
  }

  @Override
  public void close() {
    index.close();
    wal.close();
  }
}
