package dev.sluice.capture;

import dev.sluice.os.ErrnoException;
import dev.sluice.os.Libc;
import dev.sluice.os.NativeFile;
import dev.sluice.sqlite.WalChecksum;
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
 * Follows a WAL while it is written: which of its frames are valid, and up to where they are
 * committed.
 *
 * <pre>
 *   header │ committed frames … │ valid frames of an open transaction … │ anything
 *                               ▲ committed                             ▲ valid
 * </pre>
 *
 * <p>A frame is valid when its salts are the header's and its cumulative checksum is right. SQLite
 * may write a frame again before it commits, and then leaves the checksums of what follows zero
 * until it has rewritten them, so the chain is what counts, not the flag of a frame. For one thread
 * at a time.
 */
final class WalTail {
  private static final int PAGE = WalFrameHeader.SIZE;
  private static final int EIO = 5;

  private @Nullable WalHeader header;
  private int[] pgnos = new int[64];
  private int valid;
  private int committed;
  private long validChecksum;
  private long committedChecksum;

  /** First frame of the last commit, minus one. */
  private int previousCommitted;

  /** Where the bytes of this generation of the WAL end, as far as they were written. */
  private long written;

  /** The frame header last written, when the page of that frame is still to come. */
  private final ByteBuffer frameHeader =
      ByteBuffer.allocate(WalFrameHeader.SIZE).order(ByteOrder.BIG_ENDIAN);

  private long frameHeaderAt = -1;

  private boolean unsealed;

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

  /** Where the page in a frame begins in the file. */
  long pageOffset(int frame) {
    return frameOffset(frame) + PAGE;
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
  }

  /**
   * Reads a WAL that is already there. Afterwards {@link #committed} is what SQLite would recover
   * or, when {@link #isUnsealed}, what was committed though SQLite would not find it.
   *
   * @return pages of the database after the last commit; 0 when there is none
   */
  int load(NativeFile file) throws IOException {
    forget();
    WalReader reader = WalReader.open(file::read).orElse(null);
    if (reader == null) {
      return 0;
    }
    WalHeader h = reader.header();
    header = h;
    validChecksum = committedChecksum = reader.checksum();
    int commit = 0;
    boolean bridged = false;
    ByteBuffer head = ByteBuffer.allocateDirect(WalFrameHeader.SIZE);
    while (true) {
      while (reader.next()) {
        remember(reader.pgno());
        validChecksum = reader.checksum();
        if (reader.commit() != 0) {
          commit = reader.commit();
          markCommitted();
          unsealed |= bridged;
        }
      }
      int before = valid;
      while (rememberUnsealed(file, h, head)) {
        // The frames up to the next sealed one.
      }
      if (valid == before) {
        break;
      }
      bridged = true;
      reader = WalReader.after(file::read, h, valid, 0);
    }
    rewindTo(committed, committedChecksum);
    written = frameOffset(committed + 1);
    return commit;
  }

  /** True when some of the committed frames were left unsealed; see {@link #bridgeUnsealed}. */
  boolean isUnsealed() {
    return unsealed;
  }

  /** Goes on to the next frame if it is one that SQLite has left without salts and checksum. */
  private boolean rememberUnsealed(NativeFile file, WalHeader h, ByteBuffer scratch)
      throws IOException {
    scratch.clear().limit(WalFrameHeader.SIZE);
    if (file.read(scratch, h.frameOffset(valid + 1)) < WalFrameHeader.SIZE) {
      return false;
    }
    ByteBuffer head = scratch.flip().order(ByteOrder.BIG_ENDIAN);
    if (head.getInt(0) == 0 || head.getLong(8) != 0 || head.getLong(16) != 0) {
      return false;
    }
    remember(head.getInt(0));
    return true;
  }

  private void remember(int pgno) {
    if (valid == pgnos.length) {
      pgnos = Arrays.copyOf(pgnos, valid * 2);
    }
    pgnos[valid++] = pgno;
  }

  private void rewindTo(int frame, long checksum) {
    valid = frame;
    validChecksum = checksum;
  }

  /** The header was written: a new generation begins. */
  void restart(NativeFile file) throws IOException {
    forget();
    ByteBuffer bytes = ByteBuffer.allocateDirect(WalHeader.SIZE);
    file.read(bytes, 0);
    header = WalHeader.parse(bytes.flip()).orElse(null);
    if (header != null) {
      validChecksum = committedChecksum = header.checksum();
      written = WalHeader.SIZE;
    }
  }

  /**
   * Bytes behind the header were written. Returns the first committed frame they overwrite, minus
   * one, or -1 when they overwrite none: SQLite does that only to a commit whose writer died before
   * it was published.
   */
  int wrote(NativeFile file, long offset, ByteBuffer data) throws IOException {
    WalHeader h = header;
    if (h == null) {
      return -1;
    }
    int size = data.remaining();
    int before = (int) ((offset - WalHeader.SIZE) / h.frameSize());
    written = Math.max(written, offset + size);
    int withdrawn = -1;
    if (before < committed) {
      withdrawn = before;
      committed = before;
      previousCommitted = before;
      committedChecksum = checksumOf(file, before);
      rewindTo(before, committedChecksum);
    } else if (before < valid) {
      rewindTo(before, checksumOf(file, before));
    }
    if (size == WalFrameHeader.SIZE && offset == h.frameOffset(before + 1)) {
      frameHeader.clear().put(data.duplicate()).flip();
      frameHeaderAt = offset;
    } else if (frameHeaderAt >= 0
        && offset < frameHeaderAt + PAGE
        && offset + size > frameHeaderAt) {
      frameHeaderAt = -1;
    }
    return withdrawn;
  }

  /** The cumulative checksum up to a valid frame, which stands in its header. */
  private long checksumOf(NativeFile file, int frame) throws IOException {
    WalHeader h = header;
    if (h == null || frame == 0) {
      return h == null ? 0 : h.checksum();
    }
    ByteBuffer sum = ByteBuffer.allocateDirect(8).order(ByteOrder.BIG_ENDIAN);
    file.readFully(sum, h.frameOffset(frame) + 16);
    return sum.getLong(0);
  }

  /**
   * Goes on to the next frame if it is wholly there and valid.
   *
   * @param offset where {@code data}, just written, lies in the file: what is there needs no
   *     reading
   * @return -1 when there is none; otherwise the database's size when the frame commits, or 0
   */
  int next(NativeFile file, long offset, ByteBuffer data, ByteBuffer scratch) throws IOException {
    WalHeader h = header;
    if (h == null) {
      return -1;
    }
    if (offset == frameHeaderAt) {
      bridgeUnsealed(file, offset, h, scratch);
    }
    long at = h.frameOffset(valid + 1);
    if (at + h.frameSize() > written) {
      return -1;
    }
    ByteBuffer head = frameHeader;
    if (frameHeaderAt != at) {
      head = readHeader(file, at, scratch);
    }
    int pgno = head.getInt(0);
    int commit = head.getInt(4);
    long sum = head.getLong(16);
    if (pgno == 0 || head.getInt(8) != h.salt1() || head.getInt(12) != h.salt2()) {
      return -1;
    }
    long state =
        WalChecksum.update(
            validChecksum, head, 0, WalFrameHeader.CHECKSUMMED, h.bigEndianChecksum());
    ByteBuffer page = data;
    int from = data.position() + (int) (at + PAGE - offset);
    if (offset > at + PAGE || offset + data.remaining() < at + h.frameSize()) {
      scratch.clear().limit(h.pageSize());
      file.readFully(scratch, at + PAGE);
      page = scratch.flip();
      from = 0;
    }
    state = WalChecksum.update(state, page, from, h.pageSize(), h.bigEndianChecksum());
    if (state != sum) {
      return -1;
    }
    remember(pgno);
    validChecksum = sum;
    return commit;
  }

  private static ByteBuffer readHeader(NativeFile file, long at, ByteBuffer scratch)
      throws IOException {
    scratch.clear().limit(WalFrameHeader.SIZE);
    file.readFully(scratch, at);
    return scratch.flip().order(ByteOrder.BIG_ENDIAN);
  }

  /**
   * Goes over frames whose salts and checksums SQLite left zero for good. While it rewrites frames
   * of an open transaction it writes new ones unsealed, from a frame it remembers; versions before
   * 3.51 still remember it after a savepoint before that frame was rolled back, so that the frames
   * before it stay unsealed when it seals the rest, beginning with checksum 0. The transaction is
   * committed for every connection all the same (only recovery after a crash would not find it).
   *
   * @param sealedAt where the header of a sealed frame was just written
   */
  private void bridgeUnsealed(NativeFile file, long sealedAt, WalHeader h, ByteBuffer scratch)
      throws IOException {
    int sealed = (int) ((sealedAt - WalHeader.SIZE) / h.frameSize()) + 1;
    if (sealed <= valid + 1
        || h.frameOffset(sealed + 1) > written
        || frameHeader.getInt(8) != h.salt1()
        || frameHeader.getInt(12) != h.salt2()) {
      return;
    }
    long state =
        WalChecksum.update(0, frameHeader, 0, WalFrameHeader.CHECKSUMMED, h.bigEndianChecksum());
    scratch.clear().limit(h.pageSize());
    file.readFully(scratch, sealedAt + PAGE);
    state = WalChecksum.update(state, scratch, 0, h.pageSize(), h.bigEndianChecksum());
    if (state != frameHeader.getLong(16)) {
      return;
    }
    int before = valid;
    while (valid + 1 < sealed) {
      if (!rememberUnsealed(file, h, scratch)) {
        valid = before;
        return;
      }
    }
    validChecksum = 0;
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
    committedChecksum = validChecksum;
  }

  /**
   * The transaction that ends with the last valid frame is refused: makes that frame invalid in the
   * file. The failed write has the kernel drop what it kept of that part of the file.
   *
   * @param fd the file, open for writing
   */
  void refuse(int fd) throws ErrnoException {
    long at = frameOffset(valid);
    rewindTo(committed, committedChecksum);
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
      rewindTo(committed, committedChecksum);
    } else {
      forget();
    }
  }
}
