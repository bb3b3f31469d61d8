package dev.sluice.capture;

import dev.sluice.ltx.WalRange;
import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.WalFrameHeader;
import dev.sluice.sqlite.WalHeader;
import dev.sluice.sqlite.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows a WAL while it is written: which frames an open transaction has, and up to where they are
 * committed.
 *
 * <pre>
 *   header │ committed frames … │ frames of an open transaction … │ anything
 *                               ▲ committed                       ▲ valid
 * </pre>
 *
 * <p>SQLite appends a frame by writing its header, then its page, and a transaction takes the
 * frames behind the last commit one by one. So a frame written like that behind the last one is the
 * next, and when its header gives the database a size, the transaction has all its pages and is
 * committed. Checksums need not be right for that: when SQLite has written a page of the
 * transaction again, it writes frames unsealed (without salts and checksums) and seals them, header
 * by header, after the last. Versions before 3.51 seal too few of them when a savepoint was rolled
 * back meanwhile, and then use them all the same.
 *
 * <p>Of frames that come in another way (a WAL that is copied, or was there before), salts and
 * cumulative checksums say which are valid, as in SQLite's recovery. For one thread at a time.
 */
final class WalTail {
  private static final int PAGE = WalFrameHeader.SIZE;
  private static final int EIO = 5;

  private @Nullable WalHeader header;
  private int[] pgnos = new int[64];
  private int valid;
  private int committed;

  /** First frame of the last commit, minus one. */
  private int previousCommitted;

  /** Where the bytes of this generation of the WAL end, as far as they were written. */
  private long written;

  /**
   * What has come of the frame header last written, when the page of that frame is still to come.
   */
  private final ByteBuffer frameHeader =
      ByteBuffer.allocateDirect(WalFrameHeader.SIZE).order(ByteOrder.BIG_ENDIAN);

  private long frameHeaderAt = -1;

  /** A transaction was committed by a frame that was not sealed then; read by any thread. */
  private volatile boolean unsealed;

  /** Where the frame of a refused commit begins; -1 when it was written anew, or there is none. */
  private long refusedAt = -1;

  private int refusedErrno;

  boolean isPresent() {
    return header != null;
  }

  int pageSize() {
    return header == null ? 0 : header.pageSize();
  }

  int committed() {
    return committed;
  }

  int valid() {
    return valid;
  }

  /** First frame, minus one, of the last committed transaction. */
  int previousCommitted() {
    return previousCommitted;
  }

  /** The page in a frame, counted from 1. */
  int pgno(int frame) {
    return pgnos[frame - 1];
  }

  /**
   * The newest frame of each page among those behind the last commit, ordered by page.
   *
   * @param into gets for each the page and the frame, for {@link #pgno(long)} and {@link #frameOf}
   * @return how many
   */
  int newest(long[] into) {
    int frames = valid - committed;
    for (int i = 0; i < frames; i++) {
      int frame = committed + 1 + i;
      into[i] = ((long) pgno(frame) << 32) | frame;
    }
    Arrays.sort(into, 0, frames);
    int count = 0;
    for (int i = 0; i < frames; i++) {
      if (i + 1 == frames || pgno(into[i]) != pgno(into[i + 1])) {
        into[count++] = into[i];
      }
    }
    return count;
  }

  static int pgno(long newest) {
    return (int) (newest >>> 32);
  }

  /** The frame of a page among the first {@code count} of what {@link #newest} gave; 0 without. */
  static int frameOf(int pgno, long[] newest, int count) {
    int at = -Arrays.binarySearch(newest, 0, count, ((long) pgno << 32) | 0x7fffffffL) - 2;
    return at >= 0 && pgno(newest[at]) == pgno ? (int) newest[at] : 0;
  }

  /** Where the page in a frame begins in the file. */
  long pageOffset(int frame) {
    return frameOffset(frame) + PAGE;
  }

  /** Where frames {@code first} to {@code last} lie. */
  WalRange range(int first, int last) {
    WalHeader h = header;
    return h == null ? WalRange.NONE : range(h, first, last);
  }

  static WalRange range(WalHeader header, int first, int last) {
    long offset = header.frameOffset(first);
    return new WalRange(
        offset, header.frameOffset(last + 1) - offset, header.salt1(), header.salt2());
  }

  private long frameOffset(int frame) {
    WalHeader h = header;
    return h == null ? 0 : h.frameOffset(frame);
  }

  /** The newest frame of a page among the first {@code frames}, or 0. */
  int newestFrame(int pgno, int frames) {
    for (int frame = frames; frame > 0; frame--) {
      if (pgnos[frame - 1] == pgno) {
        return frame;
      }
    }
    return 0;
  }

  void forget() {
    header = null;
    valid = committed = previousCommitted = 0;
    written = 0;
    frameHeaderAt = -1;
    unsealed = false;
    refusedAt = -1;
  }

  /**
   * The error number of the refused commit that a write would go on with, or 0. The kernel may send
   * a page in two writes; when the second is refused, the application hears that it has written
   * less than it wanted, and writes the rest again.
   */
  int refusal(long offset) {
    WalHeader h = header;
    if (h == null || refusedAt < 0) {
      return 0;
    }
    if (offset <= refusedAt) {
      refusedAt = -1;
      return 0;
    }
    return offset < refusedAt + h.frameSize() ? refusedErrno : 0;
  }

  /**
   * Reads a WAL that is already there; afterwards {@link #committed} is what SQLite would recover.
   *
   * @return pages of the database after the last commit; 0 when there is none
   */
  int load(NativeFile file) throws IOException {
    forget();
    WalReader reader = WalReader.open(file::read).orElse(null);
    if (reader == null) {
      return 0;
    }
    header = reader.header();
    int commit = 0;
    while (reader.next()) {
      remember(reader.pgno());
      if (reader.commit() != 0) {
        commit = reader.commit();
        markCommitted();
      }
    }
    valid = committed;
    written = frameOffset(committed + 1);
    return commit;
  }

  private static boolean isUnsealed(ByteBuffer head) {
    return head.getLong(8) == 0 && head.getLong(16) == 0;
  }

  private static boolean hasSalts(ByteBuffer head, WalHeader h) {
    return head.getInt(8) == h.salt1() && head.getInt(12) == h.salt2();
  }

  /** True when SQLite's recovery might find less than is committed. Safe on any thread. */
  boolean isUnsealed() {
    return unsealed;
  }

  /** What is committed was sealed in the file. */
  void sealed() {
    unsealed = false;
  }

  private void remember(int pgno) {
    if (valid == pgnos.length) {
      pgnos = Arrays.copyOf(pgnos, valid * 2);
    }
    pgnos[valid++] = pgno;
  }

  /** The header was written, and what follows up to {@code end}: a new generation begins. */
  void restart(NativeFile file, long end) throws IOException {
    forget();
    ByteBuffer bytes = ByteBuffer.allocateDirect(WalHeader.SIZE);
    file.read(bytes, 0);
    header = WalHeader.parse(bytes.flip()).orElse(null);
    if (header != null) {
      written = end;
    }
  }

  /**
   * Bytes behind the header were written. Returns the first committed frame they overwrite, minus
   * one, or -1 when they overwrite none: SQLite does that only to a commit whose writer died before
   * it was published.
   */
  int wrote(long offset, ByteBuffer data) {
    WalHeader h = header;
    if (h == null) {
      return -1;
    }
    int size = data.remaining();
    int before = (int) ((offset - WalHeader.SIZE) / h.frameSize());
    long frame = h.frameOffset(before + 1);
    written = Math.max(written, offset + size);
    boolean inHeader = offset + size <= frame + PAGE;
    boolean inPage = offset >= frame + PAGE && offset + size <= frame + h.frameSize();
    if (inHeader) {
      takeHeader(frame, offset, data);
    } else if (!inPage) {
      frameHeaderAt = -1;
    }
    int withdrawn = -1;
    if (before < committed) {
      boolean seals = inHeader && frameHeaderAt == frame && frameHeader.getInt(0) == pgnos[before];
      if (!seals) {
        withdrawn = before;
        committed = previousCommitted = valid = before;
      }
    } else if (before < valid && !inPage) {
      valid = before;
    }
    return withdrawn;
  }

  /** The kernel may send a header, as a page, in two writes. */
  private void takeHeader(long frame, long offset, ByteBuffer data) {
    if (offset == frame) {
      frameHeaderAt = frame;
      frameHeader.clear();
    }
    if (frameHeaderAt == frame && offset == frame + frameHeader.position()) {
      int size = data.remaining();
      frameHeader.put(frameHeader.position(), data, data.position(), size);
      frameHeader.position(frameHeader.position() + size);
    } else {
      frameHeaderAt = -1;
    }
  }

  /** The cumulative checksum up to a frame, which stands in its header. */
  private long checksumOf(NativeFile file, int frame, WalHeader h, ByteBuffer scratch)
      throws IOException {
    return frame == 0 ? h.checksum() : readHeader(file, h.frameOffset(frame), scratch).getLong(16);
  }

  /**
   * Goes on to the next frame if it is wholly there and valid.
   *
   * @param offset where {@code data}, just written, lies in the file
   * @return -1 when there is none; otherwise the database's size when the frame commits, or 0
   */
  int next(NativeFile file, long offset, ByteBuffer data, ByteBuffer scratch) throws IOException {
    WalHeader h = header;
    if (h == null) {
      return -1;
    }
    long at = h.frameOffset(valid + 1);
    long end = at + h.frameSize();
    long dataEnd = offset + data.remaining();
    if (dataEnd <= at || end > written) {
      return -1;
    }
    ByteBuffer head = frameHeader;
    if (frameHeaderAt == at) {
      if (frameHeader.hasRemaining() || offset < at + PAGE || dataEnd < end) {
        return -1;
      }
      frameHeaderAt = -1;
    } else if (isValid(file, at, h, scratch)) {
      head = readHeader(file, at, scratch);
    } else {
      return -1;
    }
    int pgno = head.getInt(0);
    if (pgno == 0) {
      return -1;
    }
    int commit = head.getInt(4);
    if (commit != 0 && isUnsealed(head)) {
      unsealed = true;
    }
    remember(pgno);
    return commit;
  }

  /** Whether the frame behind the last valid one has the salts and the checksum that follow. */
  private boolean isValid(NativeFile file, long at, WalHeader h, ByteBuffer scratch)
      throws IOException {
    long state = checksumOf(file, valid, h, scratch);
    scratch.clear().limit(h.frameSize());
    file.readFully(scratch, at);
    ByteBuffer frame = scratch.flip().order(ByteOrder.BIG_ENDIAN);
    return hasSalts(frame, h)
        && WalFrameHeader.checksum(state, frame, 0, h.pageSize(), h.bigEndianChecksum())
            == frame.getLong(16);
  }

  private static ByteBuffer readHeader(NativeFile file, long at, ByteBuffer scratch)
      throws IOException {
    scratch.clear().limit(WalFrameHeader.SIZE);
    file.readFully(scratch, at);
    return scratch.flip().order(ByteOrder.BIG_ENDIAN);
  }

  /** Calls {@code page} with the page of every whole frame behind the last commit, valid or not. */
  void forEachUncommitted(NativeFile file, ByteBuffer scratch, IntConsumer page)
      throws IOException {
    for (int frame = committed + 1; header != null && frameOffset(frame + 1) <= written; frame++) {
      page.accept(readHeader(file, frameOffset(frame), scratch).getInt(0));
    }
  }

  /** The transaction that ends with the last valid frame is cut. */
  void markCommitted() {
    previousCommitted = committed;
    committed = valid;
  }

  /**
   * The transaction that ends with the last valid frame is refused: makes that frame invalid in the
   * file. The failed write has the kernel drop what it kept of that part of the file.
   *
   * @param fd the file, open for writing
   * @param errno what to answer with until the frame is written anew
   */
  void refuse(int fd, int errno) throws ErrnoException {
    long at = frameOffset(valid);
    refusedAt = at;
    refusedErrno = errno;
    valid = committed;
    frameHeaderAt = -1;
    written = Math.min(written, at);
    ByteBuffer zeros = ByteBuffer.allocateDirect(WalFrameHeader.SIZE);
    long n = Libc.pwrite(fd, Libc.address(zeros), zeros.capacity(), at);
    if (n < zeros.capacity()) {
      throw new ErrnoException("cannot take back a refused transaction", n < 0 ? (int) -n : EIO);
    }
  }

  /** The file was cut to {@code size} bytes. */
  void truncated(long size) {
    if (header != null && size >= frameOffset(committed + 1)) {
      written = Math.min(written, size);
      valid = committed;
      frameHeaderAt = -1;
    } else {
      forget();
    }
  }
}
