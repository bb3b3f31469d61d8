package dev.sluice.connection;

import dev.sluice.sqlite.LockBytes;
import dev.sluice.sqlite.WalIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The wal-index (-shm) as its writer sees it: readers map it, this side writes it with pwrite.
 *
 * <p>Values of 32 bits that readers look at while they are written grow, and a copy runs from the
 * low bytes to the high ones, so that a torn value is at most the new one. Ranges of hash slots are
 * written in whole cache lines.
 */
public final class IndexFile implements AutoCloseable {
  private static final int LINE = 64;

  private final LockedFile file;
  private final NativeBuffer scratch = NativeBuffer.allocate(WalIndex.INFO_END);

  /** Image of block {@code blockNumber}, as far as it is published; of none when that is -1. */
  private final NativeBuffer block = NativeBuffer.allocate(WalIndex.BLOCK_SIZE);

  private int blockNumber = -1;

  /** The block that the image becomes when what was appended is published. */
  private int appendedBlock = -1;

  private IndexFile(LockedFile file) {
    this.file = file;
    scratch.bytes().order(ByteOrder.nativeOrder());
    block.bytes().order(ByteOrder.nativeOrder());
  }

  /**
   * Joins the connections to the database, and becomes its only writer.
   *
   * <p>As SQLite does: whoever gets DMS alone is the first and empties the file, since what it says
   * may be of a time before a power loss.
   */
  public static IndexFile open(Path database, int timeoutMillis) throws IOException {
    IndexFile index = join(database, timeoutMillis);
    LockedFile file = index.file;
    try {
      file.within(timeoutMillis, "the WAL write lock", () -> file.tryWrite(LockBytes.WAL_WRITE, 1));
      return index;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Joins the connections to the database as {@link #open} does, but takes no other lock. */
  public static IndexFile join(Path database, int timeoutMillis) throws IOException {
    LockedFile file = LockedFile.openBeside(database, "-shm");
    try {
      if (file.tryWrite(LockBytes.WAL_DMS, 1)) {
        file.truncate(0);
      }
      file.within(timeoutMillis, "the -shm", () -> file.tryRead(LockBytes.WAL_DMS, 1));
      return new IndexFile(file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** The published header; empty when the index must be recovered. */
  public Optional<WalIndex.Header> header() throws IOException {
    int size = 2 * WalIndex.Header.SIZE;
    if (file.read(scratch, 0, size, 0) < size) {
      return Optional.empty();
    }
    return WalIndex.Header.parse(scratch.bytes().slice(0, size));
  }

  /**
   * Publishes: readers that come from now on see the state of this header. Both copies in one
   * write; a reader that sees one of them old and one new, or one half new, looks again.
   */
  public void publish(WalIndex.Header header) throws IOException {
    header.writeTo(scratch.bytes().clear());
    file.write(scratch, 0, 2 * WalIndex.Header.SIZE, 0);
    blockNumber = appendedBlock;
  }

  /**
   * Writes the index anew, for the frames of a WAL that was read from start to end. Marks that a
   * reader holds stay. Readers that come meanwhile see the locks of a recovery.
   */
  public void recover(WalIndex.Header header, int[] pgnos, int timeoutMillis) throws IOException {
    long start = LockBytes.WAL_CHECKPOINT;
    long length = LockBytes.WAL_READ_0 - start;
    file.within(timeoutMillis, "the WAL recovery locks", () -> file.tryWrite(start, length));
    try {
      int frames = header.maxFrame();
      clearBlock();
      writeBlock(0, WalIndex.INFO_END, WalIndex.BLOCK_SIZE);
      append(0, frames, pgnos);
      writeInt(0, WalIndex.BACKFILL);
      writeInt(frames, WalIndex.BACKFILL_ATTEMPTED);
      writeInt(0, WalIndex.READ_MARKS);
      for (int i = 1; i < LockBytes.WAL_READ_COUNT; i++) {
        if (file.tryWrite(LockBytes.WAL_READ_0 + i, 1)) {
          writeInt(
              i == 1 && frames > 0 ? frames : WalIndex.MARK_UNUSED, WalIndex.READ_MARKS + 4 * i);
          file.unlock(LockBytes.WAL_READ_0 + i, 1);
        }
      }
      publish(header);
    } finally {
      file.unlock(start, length);
    }
  }

  /** The page numbers of frames 1 to {@code frames}. */
  public int[] pageNumbers(int frames) throws IOException {
    int[] pgnos = new int[Math.max(1024, frames)];
    for (int frame = 1; frame <= frames; ) {
      int number = WalIndex.block(frame);
      readBlock(number);
      for (int last = Math.min(frames, WalIndex.lastFrame(number)); frame <= last; frame++) {
        pgnos[frame - 1] = block.bytes().getInt(WalIndex.pageNumber(frame));
      }
    }
    return pgnos;
  }

  /** The page numbers of published frames {@code first} to {@code last}, from index 0. */
  public int[] pageNumbers(int first, int last) throws IOException {
    int[] pgnos = new int[last - first + 1];
    NativeBuffer buffer = NativeBuffer.borrow();
    try {
      ByteBuffer bytes = buffer.bytes().order(ByteOrder.nativeOrder());
      for (int frame = first; frame <= last; ) {
        int number = WalIndex.block(frame);
        int end = Math.min(last, WalIndex.lastFrame(number));
        int length = 4 * (end - frame + 1);
        long at = (long) number * WalIndex.BLOCK_SIZE + WalIndex.pageNumber(frame);
        if (file.read(buffer, 0, length, at) < length) {
          throw new IOException(file.path() + ": ends within block " + number);
        }
        for (int i = 0; frame <= end; frame++, i++) {
          pgnos[frame - first] = bytes.getInt(4 * i);
        }
      }
      return pgnos;
    } finally {
      buffer.bytes().order(ByteOrder.BIG_ENDIAN);
      buffer.giveBack();
    }
  }

  /**
   * Takes a reader's place, shared, so that nobody can begin the WAL anew: from the last one down,
   * because readers look for theirs from the first up.
   *
   * @param mark the last frame that may be checkpointed meanwhile; {@link WalIndex#MARK_UNUSED} for
   *     no limit, as a mark that no reader chooses limits nothing
   * @param not a place that is not to be taken, or 0
   * @return its number, or 0 when readers have all of them
   */
  public int tryHoldMark(int mark, int not) throws IOException {
    for (int i = LockBytes.WAL_READ_COUNT - 1; i > 0; i--) {
      if (i != not && file.tryRead(LockBytes.WAL_READ_0 + i, 1)) {
        // While it is held nobody can set it.
        if (mark(i) == mark) {
          return i;
        }
        file.unlock(LockBytes.WAL_READ_0 + i, 1);
      }
    }
    for (int i = LockBytes.WAL_READ_COUNT - 1; i > 0; i--) {
      if (i != not && file.tryWrite(LockBytes.WAL_READ_0 + i, 1)) {
        writeInt(mark, WalIndex.READ_MARKS + 4 * i);
        file.tryRead(LockBytes.WAL_READ_0 + i, 1);
        return i;
      }
    }
    return 0;
  }

  private int mark(int i) throws IOException {
    scratch.bytes().putInt(0, 0);
    file.read(scratch, 0, 4, WalIndex.READ_MARKS + 4 * i);
    return scratch.bytes().getInt(0);
  }

  public boolean isLockedByOther(long start, long length) throws IOException {
    return file.isLockedByOther(start, length);
  }

  public boolean tryLockShared(long start, long length) throws IOException {
    return file.tryRead(start, length);
  }

  /**
   * Indexes frames that readers do not look at yet; {@link #publish} follows.
   *
   * @param published frames that readers may look at
   * @param last the last new frame
   * @param pgnos page of each frame
   */
  public void append(int published, int last, int[] pgnos) throws IOException {
    for (int frame = published + 1; frame <= last; ) {
      int number = WalIndex.block(frame);
      int end = Math.min(last, WalIndex.lastFrame(number));
      if (blockNumber == number) {
        int from = Math.max(WalIndex.pageNumber(frame) / LINE * LINE, WalIndex.pageNumbers(number));
        int to = insert(frame, end, pgnos);
        writeBlock(number, from, (to + LINE - 1) / LINE * LINE);
      } else {
        // The same frames always take the same slots, so readers see no difference in the old.
        clearBlock();
        insert(WalIndex.frameBefore(number) + 1, end, pgnos);
        writeBlock(number, WalIndex.pageNumbers(number), WalIndex.BLOCK_SIZE);
      }
      appendedBlock = number;
      frame = end + 1;
    }
  }

  /** Enters frames in the image. Returns where the last of their hash slots ends. */
  private int insert(int first, int last, int[] pgnos) {
    forgetBlock();
    int end = 0;
    for (int frame = first; frame <= last; frame++) {
      end = Math.max(end, WalIndex.insert(block.bytes(), frame, pgnos[frame - 1]) + 2);
    }
    return end;
  }

  private void forgetBlock() {
    blockNumber = -1;
    appendedBlock = -1;
  }

  private void clearBlock() {
    forgetBlock();
    for (int at = 0; at < WalIndex.BLOCK_SIZE; at += 8) {
      block.bytes().putLong(at, 0);
    }
  }

  private void writeBlock(int number, int from, int to) throws IOException {
    file.write(block, from, to - from, (long) number * WalIndex.BLOCK_SIZE + from);
  }

  private void readBlock(int number) throws IOException {
    forgetBlock();
    int read = file.read(block, 0, WalIndex.BLOCK_SIZE, (long) number * WalIndex.BLOCK_SIZE);
    if (read < WalIndex.BLOCK_SIZE) {
      throw new IOException(file.path() + ": ends within block " + number + " of the wal-index");
    }
  }

  public int backfilled() throws IOException {
    file.read(scratch, 0, 4, WalIndex.BACKFILL);
    return scratch.bytes().getInt(0);
  }

  public void setBackfillAttempted(int frame) throws IOException {
    writeInt(frame, WalIndex.BACKFILL_ATTEMPTED);
  }

  public void setBackfilled(int frame) throws IOException {
    writeInt(frame, WalIndex.BACKFILL);
  }

  private void writeInt(int value, int at) throws IOException {
    scratch.bytes().putInt(0, value);
    file.write(scratch, 0, 4, at);
  }

  /**
   * The last frame, up to {@code frames}, that no reader's snapshot forbids to copy to the
   * database. Moves the marks that nobody uses out of the way, as SQLite's checkpoint does.
   */
  public int safeFrame(int frames) throws IOException {
    int safe = frames;
    for (int i = 1; i < LockBytes.WAL_READ_COUNT; i++) {
      int at = WalIndex.READ_MARKS + 4 * i;
      file.read(scratch, 0, 4, at);
      int mark = scratch.bytes().getInt(0);
      if (Integer.compareUnsigned(safe, mark) <= 0) {
        continue;
      }
      if (file.tryWrite(LockBytes.WAL_READ_0 + i, 1)) {
        writeInt(i == 1 ? safe : WalIndex.MARK_UNUSED, at);
        file.unlock(LockBytes.WAL_READ_0 + i, 1);
      } else {
        safe = mark;
      }
    }
    return safe;
  }

  /**
   * Begins again at frame 1: publishes a header without frames while nobody reads the WAL.
   *
   * <p>In one write with the count of backfilled frames: readers pass over as many frames of the
   * WAL, so those to come would not be seen if this process were killed between the two.
   */
  public boolean tryRestart(WalIndex.Header empty) throws IOException {
    long marks = LockBytes.WAL_READ_0 + 1;
    int count = LockBytes.WAL_READ_COUNT - 1;
    if (!file.tryWrite(marks, count)) {
      return false;
    }
    try {
      forgetBlock();
      empty.writeTo(scratch.bytes().clear());
      scratch.bytes().putInt(WalIndex.BACKFILL, 0);
      for (int i = 0; i < LockBytes.WAL_READ_COUNT; i++) {
        scratch.bytes().putInt(WalIndex.READ_MARKS + 4 * i, i < 2 ? 0 : WalIndex.MARK_UNUSED);
      }
      file.write(scratch, 0, WalIndex.READ_MARKS + 4 * LockBytes.WAL_READ_COUNT, 0);
      setBackfillAttempted(0);
      return true;
    } finally {
      file.unlock(marks, count);
    }
  }

  public boolean tryLock(long start, long length) throws IOException {
    return file.tryWrite(start, length);
  }

  public void unlock(long start, long length) throws IOException {
    file.unlock(start, length);
  }

  public LockedFile file() {
    return file;
  }

  /** Releases the locks. */
  @Override
  public void close() {
    file.close();
  }
}
